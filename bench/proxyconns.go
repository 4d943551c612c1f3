package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomodule/redigo/redis"

	"redlock-proxy/bench/stage"
)

// proxyConns is the proxy with a connection for each caller, by redigo.
type proxyConns struct{ connections []redis.Conn }

func openProxyConns(ctx context.Context, s *stage.Stage, callers int) (peer, error) {
	p := &proxyConns{}
	for range callers {
		c, err := stage.Dial(ctx, s.Proxies[0].Address)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.connections = append(p.connections, c)
	}
	if err := s.Proxies[0].Await(ctx, callers); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *proxyConns) name() string { return "proxy, a connection each" }

// caller does not pass the context on: redigo would start a goroutine for each
// command to watch it. The time-outs bound a pair.
func (p *proxyConns) caller(i int) func(context.Context) error {
	c, name := p.connections[i], resource(i)
	return func(context.Context) error {
		reply, err := redis.Values(c.Do("LOCK", name, ttl.Milliseconds()))
		if err != nil {
			return fmt.Errorf("LOCK: %w", err)
		}
		switch released, err := redis.Int(c.Do("UNLOCK", name, reply[0])); {
		case err != nil:
			return fmt.Errorf("UNLOCK: %w", err)
		case released != 1:
			return errNotReleased
		}
		return nil
	}
}

func (p *proxyConns) close() error {
	var errs error
	for _, c := range p.connections {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}

var errNotReleased = errors.New("UNLOCK: 0, not held")

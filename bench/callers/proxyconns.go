package callers

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomodule/redigo/redis"

	"redlock-proxy/bench/stage"
)

// proxyConns is the proxy with a connection for each caller, by redigo.
type proxyConns struct {
	connections []redis.Conn
	order       Order
}

func openProxyConns(ctx context.Context, o Order) (peer, error) {
	p := &proxyConns{order: o}
	for range o.Callers {
		c, err := stage.Dial(ctx, o.Proxy)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.connections = append(p.connections, c)
	}
	return p, nil
}

// caller does not pass the context on: redigo would start a goroutine for each
// command to watch it. The time-outs bound a pair.
func (p *proxyConns) caller(i int) steps {
	c, name := p.connections[i], p.order.resource(i)
	var token any
	return steps{
		lock: func(context.Context) error {
			reply, err := redis.Values(c.Do("LOCK", name, ttl.Milliseconds()))
			if err != nil {
				return fmt.Errorf("LOCK: %w", err)
			}
			token = reply[0]
			return nil
		},
		unlock: func(context.Context) error {
			switch released, err := redis.Int(c.Do("UNLOCK", name, token)); {
			case err != nil:
				return fmt.Errorf("UNLOCK: %w", err)
			case released != 1:
				return errNotReleased
			}
			return nil
		},
	}
}

func (p *proxyConns) close() error {
	var errs error
	for _, c := range p.connections {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}

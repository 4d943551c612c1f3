package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomodule/redigo/redis"

	"redlock-proxy/bench/stage"
)

// proxyConns is the proxy with a connection for each contender, by redigo. With
// several proxies they take them in turn.
type proxyConns struct{ connections []redis.Conn }

func openProxyConns(ctx context.Context, t turn) (locker, error) {
	p := &proxyConns{}
	for i := range t.contenders {
		c, err := stage.Dial(ctx, t.proxyOf(i).Address)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.connections = append(p.connections, c)
	}
	for i, proxy := range t.stage.Proxies {
		if err := proxy.Await(ctx, t.contendersOf(i)); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// proxyOf is the proxy of a contender.
func (t turn) proxyOf(contender int) *stage.Proxy {
	return t.stage.Proxies[contender%len(t.stage.Proxies)]
}

// contendersOf is how many contenders a proxy has.
func (t turn) contendersOf(proxy int) int {
	proxies := len(t.stage.Proxies)
	return (t.contenders + proxies - 1 - proxy) / proxies
}

// contender does not pass the context on: redigo would start a goroutine for
// each command to watch it. The server bounds the wait.
func (p *proxyConns) contender(i int, resource string) contender {
	c, token := p.connections[i], any(nil)
	return contender{
		acquire: func(context.Context) error {
			for {
				reply, err := redis.Values(c.Do("LOCK", resource, ttl.Milliseconds(), "BLOCK", 0))
				switch {
				case err == redis.ErrNil: // as long as a server lets one wait
				case err != nil:
					return fmt.Errorf("LOCK: %w", err)
				default:
					token = reply[0]
					return nil
				}
			}
		},
		release: func(context.Context) error {
			released, err := redis.Int(c.Do("UNLOCK", resource, token))
			if err == nil && released != 1 {
				err = errNotReleased
			}
			return err
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

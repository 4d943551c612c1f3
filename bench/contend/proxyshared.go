package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/rueidis"

	"redlock-proxy/bench/stage"
)

// proxyShared is each proxy with one connection for all its contenders, by
// rueidis, or with the few that it takes.
type proxyShared struct{ clients []rueidis.Client }

// sharers is how many LOCKs of one connection a proxy lets wait at once.
const sharers = 100

func openProxyShared(ctx context.Context, t turn) (locker, error) {
	p := &proxyShared{}
	each := (t.contendersOf(0) + sharers - 1) / sharers
	for i := range each * len(t.stage.Proxies) {
		client, err := stage.DialShared(t.proxyOf(i).Address)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.clients = append(p.clients, client)
	}
	for _, proxy := range t.stage.Proxies {
		if err := proxy.Await(ctx, each); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// contender waits without regard to the context: who gives up a wait on a
// connection that others share may be given the lock all the same.
func (p *proxyShared) contender(i int, resource string) contender {
	client, ms, token := p.clients[i%len(p.clients)], fmt.Sprint(ttl.Milliseconds()), ""
	return contender{
		acquire: func(ctx context.Context) error {
			for ctx := context.WithoutCancel(ctx); ; {
				lock := client.B().Arbitrary("LOCK").Keys(resource).Args(ms, "BLOCK", "0").Build()
				reply, err := client.Do(ctx, lock).ToArray()
				switch {
				case rueidis.IsRedisNil(err): // as long as a server lets one wait
				case err != nil:
					return fmt.Errorf("LOCK: %w", err)
				default:
					token, err = reply[0].ToString()
					return err
				}
			}
		},
		release: func(ctx context.Context) error {
			unlock := client.B().Arbitrary("UNLOCK").Keys(resource).Args(token).Build()
			released, err := client.Do(ctx, unlock).AsInt64()
			if err == nil && released != 1 {
				err = errNotReleased
			}
			return err
		},
	}
}

func (p *proxyShared) close() error {
	for _, c := range p.clients {
		c.Close()
	}
	return nil
}

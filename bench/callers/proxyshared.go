package callers

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"redlock-proxy/bench/stage"
)

// proxyShared is the proxy with one connection for all callers, by rueidis.
type proxyShared struct {
	client rueidis.Client
	order  Order
	args   []string // of LOCK, after the resource
}

func openProxyShared(o Order, options ...string) (peer, error) {
	client, err := stage.DialShared(o.Proxy)
	if err != nil {
		return nil, err
	}
	return &proxyShared{client, o, append([]string{fmt.Sprint(ttl.Milliseconds())}, options...)}, nil
}

func (p *proxyShared) caller(i int) steps {
	name, token := p.order.resource(i), ""
	return steps{
		lock: func(ctx context.Context) error {
			lock := p.client.B().Arbitrary("LOCK").Keys(name).Args(p.args...).Build()
			reply, err := p.client.Do(ctx, lock).ToArray()
			if err == nil {
				token, err = reply[0].ToString()
			}
			if err != nil {
				return fmt.Errorf("LOCK: %w", err)
			}
			return nil
		},
		unlock: func(ctx context.Context) error {
			unlock := p.client.B().Arbitrary("UNLOCK").Keys(name).Args(token).Build()
			switch released, err := p.client.Do(ctx, unlock).AsInt64(); {
			case err != nil:
				return fmt.Errorf("UNLOCK: %w", err)
			case released != 1:
				return errNotReleased
			}
			return nil
		},
	}
}

func (p *proxyShared) close() error {
	p.client.Close()
	return nil
}

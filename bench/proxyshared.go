package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/rueidis"

	"redlock-proxy/bench/stage"
)

// proxyShared is the proxy with one connection for all callers, by rueidis.
type proxyShared struct {
	client rueidis.Client
	fence  bool // every lock is asked for with FENCE
}

func openProxyShared(ctx context.Context, s *stage.Stage, _ int) (peer, error) {
	return openShared(ctx, s, false)
}

func openProxyFence(ctx context.Context, s *stage.Stage, _ int) (peer, error) {
	return openShared(ctx, s, true)
}

func openShared(ctx context.Context, s *stage.Stage, fence bool) (peer, error) {
	client, err := stage.DialShared(s.Proxies[0].Address)
	if err != nil {
		return nil, err
	}
	p := &proxyShared{client, fence}
	if err := s.Proxies[0].Await(ctx, 1); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *proxyShared) name() string {
	if p.fence {
		return "the same with FENCE"
	}
	return "proxy, one shared connection"
}

func (p *proxyShared) caller(i int) func(context.Context) error {
	name, args := resource(i), []string{fmt.Sprint(ttl.Milliseconds())}
	if p.fence {
		args = append(args, "FENCE")
	}
	return func(ctx context.Context) error {
		lock := p.client.B().Arbitrary("LOCK").Keys(name).Args(args...).Build()
		reply, err := p.client.Do(ctx, lock).ToArray()
		if err != nil {
			return fmt.Errorf("LOCK: %w", err)
		}
		token, err := reply[0].ToString()
		if err != nil {
			return fmt.Errorf("LOCK: %w", err)
		}
		unlock := p.client.B().Arbitrary("UNLOCK").Keys(name).Args(token).Build()
		switch released, err := p.client.Do(ctx, unlock).AsInt64(); {
		case err != nil:
			return fmt.Errorf("UNLOCK: %w", err)
		case released != 1:
			return errNotReleased
		}
		return nil
	}
}

func (p *proxyShared) close() error {
	p.client.Close()
	return nil
}

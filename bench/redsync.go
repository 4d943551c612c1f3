package main

import (
	"context"
	"errors"

	"github.com/go-redsync/redsync/v4"
	pool "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"redlock-proxy/bench/stage"
)

// redsyncPeer is redsync over go-redis, with the defaults of both but for the
// pools, which have a connection for every caller.
type redsyncPeer struct {
	clients []*redis.Client
	locks   *redsync.Redsync
}

func openRedsync(ctx context.Context, s *stage.Stage, callers int) (peer, error) {
	p := &redsyncPeer{}
	var pools []pool.Pool
	for i, address := range s.Addresses() {
		c := redis.NewClient(&redis.Options{Addr: address, PoolSize: callers + 10})
		p.clients = append(p.clients, c)
		pools = append(pools, goredis.NewPool(c))
		if err := c.Ping(ctx).Err(); err != nil && i >= s.Dead {
			return nil, errors.Join(err, p.close())
		}
	}
	p.locks = redsync.New(pools...)
	return p, nil
}

func (p *redsyncPeer) name() string { return "redsync" }

// caller makes a new mutex for each pair, as a user of redsync does.
func (p *redsyncPeer) caller(i int) func(context.Context) error {
	name := resource(i)
	return func(ctx context.Context) error {
		m := p.locks.NewMutex(name, redsync.WithExpiry(ttl), redsync.WithTries(1))
		if err := m.LockContext(ctx); err != nil {
			return err
		}
		released, err := m.UnlockContext(ctx)
		if err == nil && !released {
			err = errNotReleased
		}
		return err
	}
}

func (p *redsyncPeer) close() error {
	var errs error
	for _, c := range p.clients {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}

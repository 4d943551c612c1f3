package main

import (
	"context"
	"errors"
	"math"

	"github.com/go-redsync/redsync/v4"
	pool "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// redsyncPeer is redsync over go-redis, with the defaults of both but for two:
// it tries as often as it takes, as 32 tries are over in five seconds, and the
// pools have a connection for every contender.
type redsyncPeer struct {
	clients []*redis.Client
	locks   *redsync.Redsync
}

func openRedsync(ctx context.Context, t turn) (locker, error) {
	p := &redsyncPeer{}
	var pools []pool.Pool
	for _, address := range t.stage.Addresses() {
		c := redis.NewClient(&redis.Options{Addr: address, PoolSize: t.contenders + 10})
		p.clients = append(p.clients, c)
		pools = append(pools, goredis.NewPool(c))
		if err := c.Ping(ctx).Err(); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	p.locks = redsync.New(pools...)
	return p, nil
}

func (p *redsyncPeer) contender(_ int, resource string) contender {
	var m *redsync.Mutex
	return contender{
		acquire: func(ctx context.Context) error {
			m = p.locks.NewMutex(resource, redsync.WithTries(math.MaxInt))
			return m.LockContext(ctx)
		},
		release: func(ctx context.Context) error {
			released, err := m.UnlockContext(ctx)
			if err == nil && !released {
				err = errNotReleased
			}
			return err
		},
	}
}

func (p *redsyncPeer) close() error {
	var errs error
	for _, c := range p.clients {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}

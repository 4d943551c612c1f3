package callers

import (
	"context"
	"fmt"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"
)

// redislockPeer is bsm/redislock on one node, with a connection for every
// caller. It tries once, which is its default.
type redislockPeer struct {
	client *redis.Client
	locks  *redislock.Client
	order  Order
}

func openRedislock(ctx context.Context, o Order) (peer, error) {
	c := redis.NewClient(&redis.Options{Addr: o.Nodes[0], PoolSize: o.Callers + 10})
	if err := c.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("open bsm/redislock: %w", err)
	}
	return &redislockPeer{c, redislock.New(c), o}, nil
}

func (p *redislockPeer) caller(i int) steps {
	name := p.order.resource(i)
	var held *redislock.Lock
	return steps{
		lock: func(ctx context.Context) (err error) {
			held, err = p.locks.Obtain(ctx, name, ttl, nil)
			return err
		},
		unlock: func(ctx context.Context) error { return held.Release(ctx) },
	}
}

func (p *redislockPeer) close() error { return p.client.Close() }

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"
)

// redislockPeer is bsm/redislock on one Redis. It is not Redlock either. By
// default it tries once, so the pause of its first example of a retry is taken,
// and the minute after which the example with a deadline gives up.
type redislockPeer struct {
	client *redis.Client
	locks  *redislock.Client
}

const (
	redislockPause   = 100 * time.Millisecond
	redislockGivesUp = time.Minute
)

func openRedislock(ctx context.Context, t turn) (locker, error) {
	c := redis.NewClient(&redis.Options{Addr: t.stage.Addresses()[0], PoolSize: t.contenders + 10})
	if err := c.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("open bsm/redislock: %w", err)
	}
	return &redislockPeer{c, redislock.New(c)}, nil
}

func (p *redislockPeer) contender(_ int, resource string) contender {
	var held *redislock.Lock
	return contender{
		acquire: func(ctx context.Context) (err error) {
			ctx, cancel := context.WithTimeout(ctx, redislockGivesUp)
			defer cancel()
			held, err = p.locks.Obtain(ctx, resource, ttl, &redislock.Options{
				RetryStrategy: redislock.LinearBackoff(redislockPause),
			})
			return err
		},
		release: func(ctx context.Context) error { return held.Release(ctx) },
	}
}

func (p *redislockPeer) close() error { return p.client.Close() }

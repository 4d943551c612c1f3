package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomodule/redigo/redis"

	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// wakeUp is how long a waiter at one proxy takes to get what is released at
// another, from before the release is sent until after the grant has come.
type wakeUp struct {
	from, to    string
	times       int
	median, p99 time.Duration
}

// wakeUps measures both ways, and the way within one proxy beside it.
func wakeUps(ctx context.Context, s *stage.Stage, times int) ([]wakeUp, error) {
	var all []wakeUp
	for _, way := range [][2]int{{0, 1}, {1, 0}, {0, 0}} {
		took, err := wakings(ctx, s.Proxies[way[0]].Address, s.Proxies[way[1]].Address, times)
		if err != nil {
			return nil, fmt.Errorf("wake a waiter: %w", err)
		}
		slices.Sort(took)
		all = append(all, wakeUp{
			from: proxyName(way[0]), to: proxyName(way[1]), times: len(took),
			median: figures.Percentile(took, 50), p99: figures.Percentile(took, 99),
		})
	}
	return all, nil
}

func proxyName(i int) string { return string(rune('A' + i)) }

func wakings(ctx context.Context, from, to string, times int) (took []time.Duration, err error) {
	holder, err := stage.Dial(ctx, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, holder.Close()) }()
	waiter, err := stage.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, waiter.Close()) }()
	for range times {
		one, err := waking(holder, waiter)
		if err != nil {
			return nil, err
		}
		took = append(took, one)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// asleep is more than a waiter takes to stand in the queue, and to be heard of
// by the other proxy.
const asleep = 10 * time.Millisecond

func waking(holder, waiter redis.Conn) (time.Duration, error) {
	const resource = "bench:wake"
	lock := func(c redis.Conn) (any, error) {
		reply, err := redis.Values(c.Do("LOCK", resource, ttl.Milliseconds(), "BLOCK", 0))
		if err != nil {
			return nil, fmt.Errorf("LOCK: %w", err)
		}
		return reply[0], nil
	}
	unlock := func(c redis.Conn, token any) error {
		released, err := redis.Int(c.Do("UNLOCK", resource, token))
		if err == nil && released != 1 {
			err = errNotReleased
		}
		return err
	}
	token, err := lock(holder)
	if err != nil {
		return 0, err
	}
	type woken struct {
		token any
		at    time.Time
		err   error
	}
	grants := make(chan woken, 1)
	go func() {
		token, err := lock(waiter)
		grants <- woken{token, time.Now(), err}
	}()
	time.Sleep(asleep)
	released := time.Now()
	errUnlock := unlock(holder, token)
	w := <-grants
	if err := errors.Join(errUnlock, w.err); err != nil {
		return 0, err
	}
	return w.at.Sub(released), unlock(waiter, w.token)
}

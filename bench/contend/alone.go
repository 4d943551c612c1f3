package main

import (
	"context"
	"errors"
	"time"

	"redlock-proxy/bench/figures"
)

// trips is how long a lock takes that nobody contends, from sending the request
// to having the grant.
type trips struct {
	hot    time.Duration // one right after the other
	rested time.Duration // each after a rest as long as a holding
}

// alone measures it before the crowd comes. A machine that has had nothing to
// do takes longer, and while a lock is held in a crowd there is nothing to do:
// the rested one is what a hand-over can be compared with.
func alone(ctx context.Context, t turn, open opener) (trip trips, err error) {
	t.contenders = len(t.stage.Proxies)
	l, err := open(ctx, t)
	if err != nil {
		return trip, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	way := l.contender(0, "bench:alone")
	if trip.hot, err = roundTrip(ctx, way, 0); err != nil {
		return trip, err
	}
	trip.rested, err = roundTrip(ctx, way, t.hold)
	return trip, err
}

// roundTrip is the median of many.
func roundTrip(ctx context.Context, way contender, rest time.Duration) (time.Duration, error) {
	const warmUp, measured = 50, 200
	var took []time.Duration
	for i := range warmUp + measured {
		if rest > 0 {
			time.Sleep(rest)
		}
		began := time.Now()
		if err := way.acquire(ctx); err != nil {
			return 0, err
		}
		if i >= warmUp {
			took = append(took, time.Since(began))
		}
		if err := way.release(ctx); err != nil {
			return 0, err
		}
	}
	return figures.Median(took), nil
}

package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// contender is one of those who want the lock.
type contender struct {
	// acquire waits until it has the lock, or until ctx ends if it can.
	acquire func(ctx context.Context) error
	// release gives it back. An error means that it was not held to the end.
	release func(ctx context.Context) error
}

// locker is one way to lock, with all the connections it needs, open.
type locker interface {
	contender(i int, resource string) contender
	close() error
}

type opener func(ctx context.Context, t turn) (locker, error)

// crowd is the contenders of one turn.
type crowd struct {
	turn
	began   time.Time
	settled sync.WaitGroup // all waits from before the end are over
	records []record
}

// play lets contenders in this process have the turn.
func play(ctx context.Context, t turn, open opener) (r record, err error) {
	l, err := open(ctx, t)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	runtime.GC() // what the peer before left is not this one's to clear
	c := &crowd{turn: t, records: make([]record, t.contenders)}
	c.run(ctx, l)
	for _, one := range c.records {
		r.waits = append(r.waits, one.waits...)
		r.failures += one.failures
		if r.first == nil {
			r.first = one.first
		}
	}
	return r, ctx.Err()
}

// run starts all contenders and ends them when the turn is over.
func (c *crowd) run(ctx context.Context, l locker) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.settled.Add(c.contenders)
	settled := make(chan struct{})
	var running sync.WaitGroup
	c.began = time.Now()
	for i := range c.contenders {
		running.Go(func() { c.contend(ctx, i, l.contender(i, c.resource)) })
	}
	running.Go(func() {
		defer close(settled)
		c.settled.Wait()
	})
	select {
	case <-settled:
	case <-time.After(c.end() + c.grace()):
	case <-ctx.Done():
	}
	cancel()
	running.Wait()
}

// contend goes on after the end until the others' waits are over, too, as those
// would be shorter with less of a crowd.
func (c *crowd) contend(ctx context.Context, i int, way contender) {
	settle := sync.OnceFunc(c.settled.Done)
	defer settle()
	for r := &c.records[i]; ctx.Err() == nil; {
		w := wait{contender: i, asked: time.Since(c.began)}
		if w.asked >= c.end() {
			settle()
		}
		err := way.acquire(ctx)
		w.granted = time.Since(c.began)
		switch {
		case err != nil && ctx.Err() != nil:
			w.cutOff = true
			r.waits = append(r.waits, w)
			return
		case err != nil:
			r.fail(err)
			time.Sleep(afterFailure)
			continue
		}
		if c.hold > 0 {
			time.Sleep(c.hold)
		}
		w.released = time.Since(c.began)
		r.waits = append(r.waits, w)
		// A lock that is held must be released, whatever else has ended.
		if err := way.release(context.WithoutCancel(ctx)); err != nil {
			r.fail(err)
		}
		if c.pause > 0 {
			time.Sleep(c.pause)
		}
	}
}

// afterFailure keeps a peer that fails at once from taking the processor.
const afterFailure = 10 * time.Millisecond

package callers

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// The phases of a turn.
const (
	warmingUp int32 = iota
	measuring
	over
)

// afterAnError is how long a caller leaves be what has just refused him.
const afterAnError = 10 * time.Millisecond

// shards is into how many the counts are split, so that a thousand callers
// neither need a histogram each nor wait for one another.
const shards = 16

// tally is what some of the callers saw.
type tally struct {
	mu         sync.Mutex // guards what follows
	lock, pair *Times
	errors     int
	first      error // the first of them
}

// work runs all callers, without a pause between the warm-up and the rest, and
// says when the measured time begins and ends.
func work(ctx context.Context, p peer, o Order, tell func(word string)) Result {
	var phase atomic.Int32
	tallies := make([]*tally, shards)
	for i := range tallies {
		tallies[i] = &tally{lock: NewTimes(), pair: NewTimes()}
	}
	var running sync.WaitGroup
	for i := range o.Callers {
		running.Go(func() { tallies[i%shards].run(ctx, &phase, p.caller(i)) })
	}
	sleep(ctx, o.WarmUp)
	phase.Store(measuring)
	began := time.Now()
	tell(wordMeasuring)
	sleep(ctx, o.Time)
	phase.Store(over)
	r := Result{Took: time.Since(began), Lock: NewTimes(), Pair: NewTimes()}
	tell(wordOver)
	running.Wait()
	for _, t := range tallies {
		r.Lock.Merge(t.lock)
		r.Pair.Merge(t.pair)
		r.Errors += t.errors
		if r.First == "" && t.first != nil {
			r.First = t.first.Error()
		}
	}
	return r
}

// run counts the pairs that begin after the warm-up and end before the end;
// errors count from the first moment.
func (t *tally) run(ctx context.Context, phase *atomic.Int32, s steps) {
	for ctx.Err() == nil {
		before := phase.Load()
		if before == over {
			return
		}
		began := time.Now()
		var locked time.Duration
		err := s.lock(ctx)
		if err == nil {
			locked = time.Since(began)
			err = s.unlock(ctx)
		}
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			t.fail(err)
			sleep(ctx, afterAnError)
		case before == measuring && phase.Load() == measuring:
			t.note(locked, took)
		}
	}
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors++
	if t.first == nil {
		t.first = err
	}
}

func (t *tally) note(lock, pair time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lock.Record(lock)
	t.pair.Record(pair)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// measurement is one peer's turn.
type measurement struct {
	peer     string
	callers  int
	pairs    int
	took     time.Duration
	p50, p99 time.Duration
	errors   int
	first    error // the first of them
}

func (m measurement) rate() float64 { return float64(m.pairs) / m.took.Seconds() }

// measureAll lets the peers take turns: A B C D, A B C D, ... for each number
// of callers.
func measureAll(ctx context.Context, s *stage.Stage, p plan) ([]measurement, error) {
	var all []measurement
	for _, callers := range p.callers {
		for round := range p.rounds {
			for _, open := range openers() {
				m, err := measure(ctx, s, p, open, callers)
				if err != nil {
					return nil, err
				}
				stage.Progress("%d callers, round %d of %d: %-28s %8.0f pairs/s  p50 %v  p99 %v  %d errors",
					callers, round+1, p.rounds, m.peer, m.rate(), m.p50, m.p99, m.errors)
				all = append(all, m)
			}
		}
	}
	return all, nil
}

func measure(ctx context.Context, s *stage.Stage, p plan, open opener, callers int) (measurement, error) {
	w, err := open(ctx, s, callers)
	if err != nil {
		return measurement{}, err
	}
	runtime.GC() // what the peer before left is not this one's to clear
	m := work(ctx, w, callers, p)
	if err := w.close(); err != nil {
		return m, fmt.Errorf("close %s: %w", m.peer, err)
	}
	return m, ctx.Err()
}

// The phases of a turn.
const (
	warmingUp int32 = iota
	measuring
	over
)

// tally is what one caller saw while it was measured.
type tally struct {
	took   []time.Duration
	errors int
	first  error
}

// work runs all callers, without a pause between the warm-up and the rest.
func work(ctx context.Context, w peer, callers int, p plan) measurement {
	var phase atomic.Int32
	tallies := make([]tally, callers)
	var running sync.WaitGroup
	for i := range tallies {
		running.Go(func() { tallies[i].run(ctx, &phase, w.caller(i)) })
	}
	sleep(ctx, p.warmUp)
	phase.Store(measuring)
	began := time.Now()
	sleep(ctx, p.time)
	phase.Store(over)
	m := measurement{peer: w.name(), callers: callers, took: time.Since(began)}
	running.Wait()
	m.sum(tallies)
	return m
}

// run counts the pairs that begin after the warm-up and end before the end;
// errors count from the first moment.
func (t *tally) run(ctx context.Context, phase *atomic.Int32, pair func(context.Context) error) {
	for ctx.Err() == nil {
		before := phase.Load()
		if before == over {
			return
		}
		began := time.Now()
		err := pair(ctx)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			t.errors++
			if t.first == nil {
				t.first = err
			}
		case before == measuring && phase.Load() == measuring:
			t.took = append(t.took, took)
		}
	}
}

func (m *measurement) sum(tallies []tally) {
	var took []time.Duration
	for _, t := range tallies {
		took = append(took, t.took...)
		m.errors += t.errors
		if m.first == nil {
			m.first = t.first
		}
	}
	m.pairs = len(took)
	slices.Sort(took)
	m.p50, m.p99 = figures.Percentile(took, 50), figures.Percentile(took, 99)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

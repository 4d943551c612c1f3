package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"redlock-proxy/bench/stage"
)

// ttl is what every peer that has no default asks for: so long that no lock
// lapses while it is held, however busy the machine.
const ttl = 10 * time.Second

// turn is one peer's time on the stage.
type turn struct {
	stage      *stage.Stage
	resource   string // of this turn alone: what a peer leaves behind harms nobody
	contenders int
	hold       time.Duration
	pause      time.Duration // between a release and asking again
	warmUp     time.Duration
	time       time.Duration // that is measured, after the warm-up
}

// end is when the measured time is over, counted like the times of a wait.
func (t turn) end() time.Duration { return t.warmUp + t.time }

// grace is how long contenders go on after the end, so that the waits that
// began before it are seen as long as they are. It ends early when all are over.
func (t turn) grace() time.Duration { return t.time }

// measures tells whether a moment is within the measured time.
func (t turn) measures(at time.Duration) bool { return at >= t.warmUp && at < t.end() }

// wait is one way to the lock. Times count from the beginning of the turn.
type wait struct {
	contender int
	asked     time.Duration // just before the request was sent
	granted   time.Duration // just after the grant came
	released  time.Duration // just before the release was sent
	cutOff    bool          // the turn ended first, at granted
}

func (w wait) took() time.Duration { return w.granted - w.asked }

// record is what a turn gave.
type record struct {
	waits    []wait
	failures int
	first    error // the first of them
}

func (r *record) fail(err error) {
	r.failures++
	if r.first == nil {
		r.first = err
	}
}

// exclusive is the point of a lock: nobody got it while another held it. Both
// ends of a holding lie within what the lock protects, so an overlap is proof
// that it was broken. It covers the whole turn, also what is not measured.
func exclusive(waits []wait) error {
	held := slices.DeleteFunc(slices.Clone(waits), func(w wait) bool { return w.cutOff })
	slices.SortFunc(held, func(a, b wait) int { return int(a.granted - b.granted) })
	for i := 1; i < len(held); i++ {
		if a, b := held[i-1], held[i]; b.granted < a.released {
			return fmt.Errorf("the lock is broken: contender %d got it at %v, contender %d held it from %v to %v",
				b.contender, b.granted, a.contender, a.granted, a.released)
		}
	}
	return nil
}

// atOnce is the tolerance of overtakings: two callers who ask at nearly the same
// time do not know who was first, and their own schedulers may swap them.
const atOnce = time.Millisecond

// overtakings counts the measured grants that came before that of somebody who
// had asked the same proxy more than atOnce earlier.
func (t turn) overtakings(waits []wait) int {
	last := slices.Clone(waits)
	slices.SortFunc(last, func(a, b wait) int { return int(b.granted - a.granted) })
	count, proxies := 0, len(t.stage.Proxies)
	earliest := make([]time.Duration, proxies) // of all who were granted later
	for i := range earliest {
		earliest[i] = math.MaxInt64
	}
	for _, w := range last {
		first := &earliest[w.contender%proxies]
		if t.measures(w.granted) && !w.cutOff && *first < w.asked-atOnce {
			count++
		}
		*first = min(*first, w.asked)
	}
	return count
}

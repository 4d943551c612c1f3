package redlock

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// moved tells by how much the outcomes went up, of those that did.
func moved(before, after map[string]uint64) map[string]uint64 {
	up := map[string]uint64{}
	for name, n := range after {
		if n != before[name] {
			up[name] = n - before[name]
		}
	}
	return up
}

func wantMoved(t *testing.T, what string, got, want map[string]uint64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s counted %v, want %v", what, got, want)
		return
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s counted %v, want %v", what, got, want)
		}
	}
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	g := mustLock(t, q, lockFor("a", time.Minute))
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "the second Lock", err, ErrHeld)
	_, err = q.Lock(t.Context(), waitFor("a", 20*time.Millisecond))
	wantErr(t, "a Lock that waits", err, ErrHeld)
	_, _ = q.Lock(t.Context(), lockFor("a", time.Hour))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = q.Lock(gone, lockFor("b", time.Minute))
	_, _ = q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute})
	_, _ = q.Extend(t.Context(), Request{Resource: "a", Token: "another", TTL: time.Minute})
	mustUnlock(t, q, g)
	_ = q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token})
	_ = q.Unlock(t.Context(), Request{Resource: "a"})

	s := q.Stats()
	wantMoved(t, "Lock", moved(nil, s.Locks), map[string]uint64{OutcomeGranted: 1, OutcomeHeld: 2, OutcomeInvalid: 1, OutcomeCancelled: 1})
	wantMoved(t, "Extend", moved(nil, s.Extends), map[string]uint64{OutcomeExtended: 1, OutcomeNotHeld: 1})
	wantMoved(t, "Unlock", moved(nil, s.Unlocks), map[string]uint64{OutcomeReleased: 1, OutcomeNotHeld: 1, OutcomeInvalid: 1})
	if n := s.GrantTime.Count(); n != 1 {
		t.Errorf("%d times to a grant, want 1", n)
	}
	if s.WaitTime.Count() != 1 || s.WaitTime.Sum < 0.02 {
		t.Errorf("%d waits of %v s together, want 1 of at least 0.02 s", s.WaitTime.Count(), s.WaitTime.Sum)
	}
	if s.RoundTrip.Count() < 2 || s.RoundTrip.Sum <= 0 {
		t.Errorf("%d round trips of %v s together, want one for each attempt", s.RoundTrip.Count(), s.RoundTrip.Sum)
	}
	if v := s.Validity.Sum; v < 30 || v > 59.4 {
		t.Errorf("a validity of %v s at the grant, want just under 59.4", v)
	}
}

func TestAMissingQuorumIsCounted(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: 200 * time.Millisecond})
	servers[0].Kill()
	servers[1].Pause()
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock", err, ErrNoQuorum)
	wantMoved(t, "Lock", moved(nil, q.Stats().Locks), map[string]uint64{OutcomeNoQuorum: 1})
	eventually(t, "the node that stands still is owed an undo", func() bool {
		n := q.Stats().Nodes[1]
		return n.Owed > 0 && n.Answers[AnswerUnanswered] > 0
	})
	eventually(t, "the dead node is not asked", func() bool {
		_, _ = q.Lock(t.Context(), lockFor("b", time.Minute))
		n := q.Stats().Nodes[0]
		return n.Down != nil && n.Answers[AnswerNotAsked] > 0
	})
	alive := q.Stats().Nodes[2]
	if alive.Answers[AnswerYes] == 0 || alive.Latency.Count() == 0 || alive.Batch.Count() < alive.Latency.Count() || !alive.SkewKnown {
		t.Errorf("the node that lives: %+v", alive)
	}
	servers[1].Resume()
	eventually(t, "nothing is owed to it any more", func() bool { return q.Stats().Nodes[1].Owed == 0 })
}

func TestHoldsAreCounted(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	r := Request{Resource: "a", TTL: 300 * time.Millisecond, Owned: true}
	h := hold(t, q, r, 700*time.Millisecond)
	wantErr(t, "the end of the Hold", h.end(t), ErrLost)
	s := q.Stats()
	if s.AutoExtends[OutcomeExtended] == 0 || s.Held != 0 {
		t.Errorf("extensions %v and %d held, want some and none", s.AutoExtends, s.Held)
	}
	wantMoved(t, "the loss", moved(nil, s.Losses), map[string]uint64{LossMaxHold: 1})
	if len(moved(nil, s.Extends)) != 0 {
		t.Errorf("%v are not the caller's", s.Extends)
	}
}

func TestHoldsThatAreLostAreCounted(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	gone := hold(t, q, Request{Resource: "gone", TTL: 300 * time.Millisecond, Owned: true}, time.Minute)
	for _, s := range servers {
		if err := s.Client().Del(t.Context(), "gone").Err(); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, "a lock that was deleted", gone.end(t), ErrLost)
	wantMoved(t, "the loss", moved(nil, q.Stats().Losses), map[string]uint64{LossNotHeld: 1})
	alone := hold(t, q, Request{Resource: "alone", TTL: 300 * time.Millisecond, Owned: true}, time.Minute)
	for _, s := range servers[:3] {
		s.Kill()
	}
	wantErr(t, "a lock without a quorum", alone.end(t), ErrLost)
	wantMoved(t, "both losses", moved(nil, q.Stats().Losses), map[string]uint64{LossNotHeld: 1, LossNoQuorum: 1})
}

func TestTheMostWantedAndTheLongestHeld(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	one := hold(t, q, Request{Resource: "one", TTL: time.Minute, Owned: true}, time.Hour)
	hold(t, q, Request{Resource: "two", TTL: time.Minute, Owned: true}, time.Hour)
	startWaiting(t, q, waitFor("one", time.Minute))
	for range 2 {
		startWaiting(t, q, waitFor("two", time.Minute))
	}
	if s := q.Stats(); s.Waiting != 3 || s.Held != 2 {
		t.Errorf("%d wait and %d are held, want 3 and 2", s.Waiting, s.Held)
	}
	if got := q.Contended(5); len(got) != 2 || got[0] != (Contended{"two", 2}) || got[1] != (Contended{"one", 1}) {
		t.Errorf("most wanted are %v, want two and one", got)
	}
	if got := q.LongestHeld(1); len(got) != 1 || got[0].Resource != "one" || got[0].Since.After(time.Now()) || !got[0].Until.Equal(one.Until()) {
		t.Errorf("longest held is %v, want one", got)
	}
	q.StopWaiting()
}

func TestHistogramsTellQuantiles(t *testing.T) {
	t.Parallel()
	h := newHistogram(1000, []int64{10, 20, 50})
	if got := h.snapshot().Quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %v, want 0", got)
	}
	for _, v := range []int64{1, 10, 11, 20, 51, 99} {
		h.add(v)
	}
	s := h.snapshot()
	if s.Count() != 6 || s.Sum != 0.192 || s.Bounds[0] != 0.01 {
		t.Errorf("%d values, together %v, first bound %v; want 6, 0.192 and 0.01", s.Count(), s.Sum, s.Bounds[0])
	}
	for share, want := range map[float64]float64{0: 0, 1. / 6: 0.005, 1. / 3: 0.01, 0.5: 0.015, 2. / 3: 0.02, 0.9: 0.05, 1: 0.05} {
		if got := s.Quantile(share); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
}

func TestEveryErrorHasItsOutcome(t *testing.T) {
	var o outcomes
	for err, want := range map[error]any{
		ErrHeld: &o.held, ErrNotHeld: &o.notHeld, ErrTooLate: &o.tooLate, ErrOverloaded: &o.overloaded,
		ErrWaiters: &o.limit, ErrResourceWaiters: &o.limit, ErrClosed: &o.leaving,
		&QuorumError{}: &o.noQuorum, &ArgumentError{}: &o.invalid,
		context.Canceled: &o.cancelled, errors.New("unblocked"): &o.cancelled,
	} {
		if got := o.of(err); got != want {
			t.Errorf("%v is counted elsewhere", err)
		}
	}
	if testing.AllocsPerRun(10, func() { o.count(ErrHeld); o.count(nil) }) != 0 {
		t.Error("counting allocates")
	}
}

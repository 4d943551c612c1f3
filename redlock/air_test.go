package redlock

import (
	"fmt"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// distant gives nodes that a round trip takes some milliseconds to, so that they
// are taken for far.
func distant(t *testing.T, n int, o Options) ([]*redistest.Server, []*redistest.Wire, *Quorum) {
	t.Helper()
	return wiredThrough(t, n, o, soundRules(), func(w *redistest.Wire) { w.Delay(5 * time.Millisecond) })
}

// TestRequestsToFarNodesDoNotWaitForEachOther: the second Lock leaves while
// nothing has come back for the first. To near ones it waits, and gathers.
func TestRequestsToFarNodesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	servers, wires, q := distant(t, 3, Options{NodeTimeout: patient})
	before := calls(t, servers, "set")
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	done := make(chan error, 4)
	for i := range cap(done) {
		q.StartLock(t.Context(), lockFor(fmt.Sprint(i), time.Minute), func(_ Grant, err error) { done <- err })
		eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	}
	if n := calls(t, servers, "set") - before; n != 0 {
		t.Errorf("%d requests have arrived, though all are held", n)
	}
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}

	// The control: near nodes.
	_, wires, q = wired(t, 3, Options{NodeTimeout: patient}, soundRules())
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	q.StartLock(t.Context(), lockFor("first", time.Minute), func(_ Grant, err error) { done <- err })
	eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	q.StartLock(t.Context(), lockFor("second", time.Minute), func(_ Grant, err error) { done <- err })
	if n := q.waiting(); n != 3 {
		t.Errorf("%d requests wait behind those under way to 3 near nodes, want 3", n)
	}
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestRequestsOnTheirWayToFarNodesAreLost, all at once: each hears so, and what
// some of them have taken is undone.
func TestRequestsOnTheirWayToFarNodesAreLost(t *testing.T) {
	t.Parallel()
	servers, wires, q := distant(t, 3, Options{NodeTimeout: patient})
	before := calls(t, servers, "set")
	each(wires, func(w *redistest.Wire) { w.LoseReplies(true) })
	done := make(chan error, 4)
	for i := range cap(done) {
		q.StartLock(t.Context(), lockFor(fmt.Sprint(i), time.Minute), func(_ Grant, err error) { done <- err })
		eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	}
	eventually(t, "they are executed", func() bool { return calls(t, servers, "set")-before == int64(3*cap(done)) })
	each(wires, func(w *redistest.Wire) { w.LoseReplies(false); w.Cut() })
	for range cap(done) {
		wantErr(t, "a Lock whose replies are lost", <-done, ErrNoQuorum)
	}
	wantNoKeys(t, servers)
	g := mustLock(t, q, lockFor("0", time.Minute)) // and all goes on
	mustUnlock(t, q, g)
}

// TestScriptsThatAreLostOnTheWayToFarNodes: what is under way finds none, and is
// repeated when they are loaded again.
func TestScriptsThatAreLostOnTheWayToFarNodes(t *testing.T) {
	t.Parallel()
	servers, wires, q := distant(t, 3, Options{NodeTimeout: patient})
	a, b := mustLock(t, q, lockFor("a", time.Minute)), mustLock(t, q, lockFor("b", time.Minute))
	settled(t, q)
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	unlocked, locked, extended := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	q.StartUnlock(Request{Resource: "a", Token: a.Token, Session: 5}, func(err error) { unlocked <- err })
	eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	q.StartExtend(Request{Resource: "b", Token: b.Token, TTL: time.Minute}, func(_ Grant, err error) { extended <- err })
	eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	q.StartLock(t.Context(), Request{Resource: "a", TTL: time.Minute, Session: 5}, func(_ Grant, err error) { locked <- err })
	eventually(t, "it has left", func() bool { return q.waiting() == 0 })
	for _, s := range servers {
		s.Client().ScriptFlush(t.Context())
	}
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	for what, got := range map[string]chan error{"Unlock": unlocked, "Extend": extended, "the Lock behind the Unlock": locked} {
		if err := <-got; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTripIsTheBestOfLate: under load a near node is not taken for far, and one
// that has moved away is, in time.
func TestTripIsTheBestOfLate(t *testing.T) {
	t.Parallel()
	var p trip
	now := time.Now()
	for _, step := range []struct {
		after, took time.Duration
		flights     int
		gap         time.Duration
	}{
		{0, 100 * time.Microsecond, 0, flightGap},
		{time.Second, 5 * time.Millisecond, 0, flightGap}, // it is busy
		{2 * time.Second, 5 * time.Millisecond, 0, flightGap},
		{3 * time.Second, 5 * time.Millisecond, maxFlights, 5 * time.Millisecond / maxFlights},
		{0, time.Millisecond, 4, flightGap},
		{0, 100 * time.Millisecond, 4, flightGap},
		{3 * time.Second, 100 * time.Millisecond, 4, flightGap},
		{3 * time.Second, 100 * time.Millisecond, maxFlights, 100 * time.Millisecond / maxFlights},
	} {
		now = now.Add(step.after)
		p.note(step.took, now)
		if p.flights() != step.flights || p.gap() != step.gap {
			t.Errorf("%v after %+v: %d flights, %v apart, want %d, %v", p.least, step, p.flights(), p.gap(), step.flights, step.gap)
		}
	}
}

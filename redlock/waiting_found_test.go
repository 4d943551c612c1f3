package redlock

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// What a review of the waiting found, each with the least that shows it. The
// quorums never poll, so who is not woken waits for ever.

func neverPolls(t *testing.T, n int) (servers []*redistest.Server, wires []*redistest.Wire, q *Quorum) {
	t.Helper()
	return wired(t, n, Options{NodeTimeout: patient, RetryDelay: never, RetryJitter: -1}, soundRules())
}

// elsewhere holds a lock through one quorum and waits for it through another.
func elsewhere(t *testing.T) (wires []*redistest.Wire, one *Quorum, held Grant, w *waiter) {
	t.Helper()
	servers, wires, one := neverPolls(t, 5)
	two := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, RetryDelay: never, RetryJitter: -1})
	held = mustLock(t, one, lockFor("a", time.Minute))
	w = startWaiting(t, two, waitFor("a", time.Minute))
	eventually(t, "every node is listened to", func() bool { return listening(servers) == 5 })
	settledBut(t, two, 1)
	return wires, one, held, w
}

// settledBut waits until only so many Locks, which wait, are under way.
func settledBut(t *testing.T, q *Quorum, waiting int) {
	t.Helper()
	eventually(t, "nothing is under way but waits", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.open == waiting
	})
}

// asks waits until the line of "a" asks, and it is as it should be.
func asks(t *testing.T, q *Quorum, should func(*attempt) bool) {
	t.Helper()
	eventually(t, "the line asks", func() (is bool) {
		q.queue.visit("a", func(l *line, _ *fanOut) { is = l.asking != nil && should(l.asking) })
		return is
	})
}

func anybody(*attempt) bool { return true }

// mustGet waits for a Lock of a free resource.
func (w *waiter) mustGet(t *testing.T) {
	t.Helper()
	if _, err := w.wait(t); err != nil {
		t.Errorf("a Lock of a free resource: %v", err)
	}
}

func TestAnUndoneGrantIsToldElsewhere(t *testing.T) {
	t.Parallel()
	_, one, held, w := elsewhere(t)
	one.Undo(held)
	w.mustGet(t)
}

// TestAReleaseForAWaiterThatLeftIsToldElsewhere: it was kept for the only one
// who waits here, and that one leaves while its round is away.
func TestAReleaseForAWaiterThatLeftIsToldElsewhere(t *testing.T) {
	t.Parallel()
	wires, one, held, w := elsewhere(t)
	mine := startWaiting(t, one, waitFor("a", time.Minute))
	settledBut(t, one, 1)
	each(wires, func(w *redistest.Wire) { w.Delay(100 * time.Millisecond) })
	one.StartUnlock(Request{Resource: "a", Token: held.Token}, func(error) {})
	asks(t, one, anybody)
	mine.cancel()
	if _, err := mine.wait(t); err == nil {
		t.Error("it left, and was granted")
	}
	w.mustGet(t)
}

// TestAnUnlockAtTheMomentOfTheGrantIsToldElsewhere: before the line has gone on.
func TestAnUnlockAtTheMomentOfTheGrantIsToldElsewhere(t *testing.T) {
	t.Parallel()
	_, one, held, w := elsewhere(t)
	one.StartLock(t.Context(), waitFor("a", time.Minute), func(g Grant, err error) {
		if err != nil {
			t.Error(err)
		}
		one.StartUnlock(Request{Resource: "a", Token: g.Token}, func(error) {})
	})
	mustUnlock(t, one, held)
	w.mustGet(t)
}

// TestTheTurnOfOthersIsNotSleptOver: a release that stood behind a Lock of its
// session, when it was the turn of others who did not come.
func TestTheTurnOfOthersIsNotSleptOver(t *testing.T) {
	t.Parallel()
	_, wires, one := neverPolls(t, 5)
	held := mustLock(t, one, lockFor("a", time.Minute))
	first := startWaiting(t, one, waitFor("a", time.Minute))
	settledBut(t, one, 1)
	one.queue.visit("a", func(l *line, _ *fanOut) { l.others, l.releases = true, turns-1 })
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	one.StartLock(t.Context(), lockFor("a", time.Minute), func(Grant, error) {}) // lets the first ask
	one.StartLock(t.Context(), Request{Resource: "a", TTL: time.Minute, Session: 7}, func(Grant, error) {})
	one.StartUnlock(Request{Resource: "a", Token: held.Token, Session: 7}, func(error) {})
	first.mustGet(t)
}

// TestNodesThatDoNotWriteAreNotAskedInALoop, though they say that nobody holds
// the lock.
func TestNodesThatDoNotWriteAreNotAskedInALoop(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3, "--maxmemory-policy", "noeviction")
	q := open(t, Options{Nodes: at(addresses(servers)...)})
	warm(t, q)
	for _, s := range servers {
		if err := s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
			t.Fatal(err)
		}
	}
	before := calls(t, servers, "pttl")
	_, err := q.Lock(t.Context(), waitFor("a", time.Second))
	wantErr(t, "the Lock", err, ErrNoQuorum)
	if n := (calls(t, servers, "pttl") - before) / 3; n > 30 {
		t.Errorf("each node was asked %d times within a second how long the lock lasts", n)
	}
}

// TestATTLThatIsTooShortIsInNobodysWay: with it no lock can be had, and others
// wait behind.
func TestATTLThatIsTooShortIsInNobodysWay(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{RetryDelay: 50 * time.Millisecond, RetryJitter: -1}, soundRules())
	held := mustLock(t, q, lockFor("a", time.Minute))
	short := waitFor("a", time.Minute)
	short.TTL = 20 * time.Millisecond
	startWaiting(t, q, short)
	long := startWaiting(t, q, waitFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(30 * time.Millisecond) })
	mustUnlock(t, q, held)
	long.mustGet(t)
}

// TestAfterASplitVoteTheHoldersAreAskedFor: what was known of an earlier holder
// tells nothing any more.
func TestAfterASplitVoteTheHoldersAreAskedFor(t *testing.T) {
	t.Parallel()
	servers, _, q := neverPolls(t, 5)
	held := mustLock(t, q, lockFor("a", time.Minute))
	w := startWaiting(t, q, waitFor("a", time.Minute))
	settledBut(t, q, 1)
	for i, s := range servers[:4] { // two others, with two nodes each
		if err := s.Client().Set(t.Context(), "a", fmt.Sprint("other ", i/2), 300*time.Millisecond).Err(); err != nil {
			t.Fatal(err)
		}
	}
	_ = q.Unlock(t.Context(), Request{Resource: "a", Token: held.Token})
	w.mustGet(t)
}

// TestTwoTriesBehindTheirSession: of one token only the later one waits.
func TestTwoTriesBehindTheirSession(t *testing.T) {
	t.Parallel()
	_, wires, q := neverPolls(t, 3)
	mustLock(t, q, lockFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	q.StartLock(t.Context(), lockFor("a", time.Minute), func(Grant, error) {})
	q.StartLock(t.Context(), Request{Resource: "a", TTL: time.Minute, Session: 7}, func(Grant, error) {})
	r := waitFor("a", time.Minute)
	r.Session, r.Token = 7, "mine"
	first := make(chan error, 1)
	q.StartLock(t.Context(), r, func(_ Grant, err error) { first <- err })
	q.StartLock(t.Context(), r, func(Grant, error) {})
	wantErr(t, "the first try", <-first, ErrHeld)
	settledBut(t, q, 1)
	if n := q.Waiting(); n != 1 {
		t.Errorf("%d wait, want 1", n)
	}
}

// TestEndFindsALockBehindItsSession, and it does not wait after that.
func TestEndFindsALockBehindItsSession(t *testing.T) {
	t.Parallel()
	_, wires, q := neverPolls(t, 3)
	mustLock(t, q, lockFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	q.StartLock(t.Context(), lockFor("a", time.Minute), func(Grant, error) {})
	q.StartLock(t.Context(), Request{Resource: "a", TTL: time.Minute, Session: 7}, func(Grant, error) {})
	r := waitFor("a", time.Minute)
	r.Session = 7
	heard, why := make(chan error, 1), errors.New("because")
	a := q.StartLock(t.Context(), r, func(_ Grant, err error) { heard <- err })
	if !a.End(why) {
		t.Error("it was not found")
	}
	wantErr(t, "its caller", <-heard, why)
	settledBut(t, q, 0)
	wantNoWaiters(t, q)
}

// TestAWaitThatEndsInItsLastRound: for a reason, and its caller hears that.
func TestAWaitThatEndsInItsLastRound(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{NodeTimeout: patient, RetryDelay: 100 * time.Millisecond, RetryJitter: -1}, soundRules())
	mustLock(t, q, lockFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(60 * time.Millisecond) })
	heard, why := make(chan error, 1), errors.New("because")
	a := q.StartLock(context.Background(), Request{Resource: "a", TTL: time.Minute, Retry: 1}, func(_ Grant, err error) { heard <- err })
	asks(t, q, func(a *attempt) bool { return a.place.final })
	if a.End(why) {
		wantErr(t, "its caller", <-heard, why)
	}
}

// TestAPlaceIsKeptAfterTheLastTry too.
func TestAPlaceIsKeptAfterTheLastTry(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, RetryDelay: 100 * time.Millisecond, RetryJitter: -1})
	held := mustLock(t, q, lockFor("a", time.Minute))
	r := Request{Resource: "a", TTL: time.Minute, Retry: 1, Token: "mine", KeepPlace: true}
	first := startWaiting(t, q, r)
	stranger := startWaiting(t, q, waitFor("a", time.Minute))
	if _, err := first.wait(t); !errors.Is(err, ErrHeld) {
		t.Fatalf("the first try: %v", err)
	}
	r.Retry, r.Block = 0, time.Minute
	second := startWaiting(t, q, r)
	mustUnlock(t, q, held)
	second.mustGet(t)
	if stranger.over() {
		t.Error("a stranger was served before")
	}
}

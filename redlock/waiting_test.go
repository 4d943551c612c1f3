package redlock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

func waitFor(resource string, block time.Duration) Request {
	return Request{Resource: resource, TTL: time.Minute, Block: block}
}

// waiter is a Lock under way.
type waiter struct {
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	grant  Grant
	err    error
}

// startWaiting starts a Lock and returns when it has its place in the queue.
func startWaiting(t *testing.T, q *Quorum, r Request) *waiter {
	t.Helper()
	w := startLock(t, q, r)
	eventually(t, "the Lock waits", func() (waits bool) {
		q.queue.visit(r.Resource, func(l *line, _ *fanOut) {
			for a := l.places.first; a != nil; a = a.place.behind {
				waits = waits || a.ctx == w.ctx
			}
		})
		return waits
	})
	return w
}

func startLock(t *testing.T, q *Quorum, r Request) *waiter {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &waiter{ctx: ctx, cancel: cancel, done: make(chan struct{})}
	t.Cleanup(cancel)
	go func() {
		w.grant, w.err = q.Lock(ctx, r)
		close(w.done)
	}()
	return w
}

func (w *waiter) wait(t *testing.T) (Grant, error) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(30 * time.Second):
		t.Fatal("a waiting Lock was never answered")
	}
	return w.grant, w.err
}

func (w *waiter) over() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// wantNoWaiters checks that nothing of waiting is left in the queue.
func wantNoWaiters(t *testing.T, q *Quorum) {
	t.Helper()
	eventually(t, "no line is left", func() bool {
		lines := 0
		for i := range q.queue.shards {
			s := &q.queue.shards[i]
			s.mu.Lock()
			lines += len(s.lines)
			s.mu.Unlock()
		}
		return lines == 0 && q.Waiting() == 0
	})
}

// never is a RetryDelay that a test would notice if anything needed a poll.
const never = time.Hour

func TestWaitersAreServedInTheOrderTheyCame(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: never, RetryJitter: -1})
	held := mustLock(t, q, lockFor("a", time.Minute))
	var all []*waiter
	for i := range 20 {
		r := waitFor("a", time.Minute)
		if i%3 == 0 {
			r.Token = fmt.Sprintf("token %d", i)
		}
		all = append(all, startWaiting(t, q, r))
	}
	for i, w := range all {
		if w.over() {
			t.Fatalf("waiter %d was answered while another held the lock: %v", i, w.err)
		}
		mustUnlock(t, q, held)
		g, err := w.wait(t)
		if err != nil {
			t.Fatalf("waiter %d: %v", i, err)
		}
		held = g
	}
	mustUnlock(t, q, held)
	settled(t, q)
	wantNoKeys(t, servers)
	wantNoWaiters(t, q)
}

// TestAHandOverIsOneRoundTrip counts what the nodes execute.
func TestAHandOverIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: never, RetryJitter: -1})
	held := mustLock(t, q, lockFor("a", time.Minute))
	const turns = 40
	var all []*waiter
	for range turns {
		all = append(all, startWaiting(t, q, waitFor("a", time.Minute)))
	}
	eventually(t, "every node is listened to", func() bool { return listening(servers) == 5 })
	eventually(t, "nothing is under way but the waits", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.open == turns
	})
	// A GET is that of a release; looks at a node are scripts too, and have none.
	before := []int64{calls(t, servers, "set"), calls(t, servers, "get"), calls(t, servers, "pttl")}
	for _, w := range all {
		mustUnlock(t, q, held)
		held, _ = w.wait(t)
	}
	settled(t, q)
	after := []int64{calls(t, servers, "set"), calls(t, servers, "get"), calls(t, servers, "pttl")}
	for i, want := range []int64{5 * turns, 5 * turns, 0} {
		if got := after[i] - before[i]; got != want {
			t.Errorf("%d hand-overs cost %d of command %d, want %d", turns, got, i, want)
		}
	}
}

// listening is at how many nodes somebody is subscribed to anything.
func listening(servers []*redistest.Server) int {
	n := 0
	for _, s := range servers {
		if names, err := s.Client().PubSubChannels(context.Background(), reservedPrefix+"*").Result(); err == nil && len(names) > 0 {
			n++
		}
	}
	return n
}

func TestAWaitEndsWithItsTime(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	mustLock(t, q, lockFor("a", time.Minute))
	began := time.Now()
	_, err := q.Lock(t.Context(), waitFor("a", 50*time.Millisecond))
	wantErr(t, "a Lock that waited in vain", err, ErrHeld)
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("waited %v, want 50ms", took)
	}
	wantNoWaiters(t, q)
}

// TestAWaitOutlastsAMissingQuorum: and tells of it only at its end.
func TestAWaitOutlastsAMissingQuorum(t *testing.T) {
	t.Parallel()
	o := Options{NodeTimeout: 100 * time.Millisecond, RetryDelay: 20 * time.Millisecond, RetryJitter: -1}
	_, wires, q := wired(t, 3, o, soundRules())
	each(wires, func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	_, err := q.Lock(t.Context(), waitFor("a", 300*time.Millisecond))
	wantErr(t, "a Lock without nodes", err, ErrNoQuorum)
	w := startWaiting(t, q, waitFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Refuse(false) })
	if _, err := w.wait(t); err != nil {
		t.Errorf("a Lock that waited for the nodes: %v", err)
	}
}

// TestRetriesAreCounted: so many further attempts, and no more.
func TestRetriesAreCounted(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: 100 * time.Millisecond, RetryJitter: -1})
	warm(t, q)
	for _, s := range servers {
		if err := s.Client().Set(t.Context(), "a", "a library's", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	before := calls(t, servers, "set")
	began := time.Now()
	_, err := q.Lock(t.Context(), Request{Resource: "a", TTL: time.Minute, Retry: 3})
	wantErr(t, "the Lock", err, ErrHeld)
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("three retries took %v, want 300ms", took)
	}
	settled(t, q)
	// And one when the nodes had confirmed that they would tell of a release.
	if n := (calls(t, servers, "set") - before) / 3; n < 4 || n > 5 {
		t.Errorf("%d attempts, want 4 or 5", n)
	}
}

// TestAReleaseByALibraryIsNoticed: nothing tells of it, so it is polled for.
func TestAReleaseByALibraryIsNoticed(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: 20 * time.Millisecond, RetryJitter: 10 * time.Millisecond})
	for _, s := range servers {
		if err := s.Client().Set(t.Context(), "a", "a library's", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	w := startWaiting(t, q, waitFor("a", time.Minute))
	for _, s := range servers {
		if err := s.Client().Del(t.Context(), "a").Err(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.wait(t); err != nil {
		t.Error(err)
	}
}

// TestTheEndOfATTLIsNotWaitedForLonger: of a lock that this process knows
// nothing of, the nodes tell how long it lasts.
func TestTheEndOfATTLIsNotWaitedForLonger(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	nodes := at(addresses(servers)...)
	one := open(t, Options{Nodes: nodes})
	two := open(t, Options{Nodes: nodes, RetryDelay: never, RetryJitter: -1})
	for _, q := range []*Quorum{one, two} {
		mustLock(t, q, lockFor("a", 300*time.Millisecond))
		w := startWaiting(t, two, waitFor("a", time.Minute))
		g, err := w.wait(t)
		if err != nil {
			t.Fatal(err)
		}
		mustUnlock(t, two, g)
	}
}

// TestAReleaseThroughAnotherProcessIsHeard without any poll.
func TestAReleaseThroughAnotherProcessIsHeard(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	nodes := at(addresses(servers)...)
	one := open(t, Options{Nodes: nodes})
	two := open(t, Options{Nodes: nodes, RetryDelay: never, RetryJitter: -1})
	for turn := range 20 {
		held := mustLock(t, one, lockFor("a", time.Minute))
		w := startWaiting(t, two, waitFor("a", time.Minute))
		if turn%2 == 0 {
			eventually(t, "every node is listened to", func() bool { return listening(servers) == 5 })
		} // else the release may be missed, and the subscription must make up for it
		mustUnlock(t, one, held)
		g, err := w.wait(t)
		if err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		mustUnlock(t, two, g)
	}
	wantNoWaiters(t, two)
	eventually(t, "nobody listens any more", func() bool { return listening(servers) == 0 })
}

// TestABrokenSubscriptionIsMadeUpFor: what was released while the connections
// were down is found when they are back.
func TestABrokenSubscriptionIsMadeUpFor(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{RetryDelay: never, RetryJitter: -1}, soundRules())
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	held := mustLock(t, other, lockFor("a", time.Minute))
	w := startWaiting(t, q, waitFor("a", time.Minute))
	eventually(t, "every node is listened to", func() bool { return listening(servers) == 3 })
	each(wires, func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	eventually(t, "no node is listened to", func() bool { return listening(servers) == 0 })
	mustUnlock(t, other, held)
	if w.over() {
		t.Fatal("answered without nodes")
	}
	each(wires, func(w *redistest.Wire) { w.Refuse(false) })
	if _, err := w.wait(t); err != nil {
		t.Error(err)
	}
}

// TestAWaiterThatLeavesIsNeverGranted, at whatever moment it leaves; and the
// next one need not wait for anything.
func TestAWaiterThatLeavesIsNeverGranted(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: never, RetryJitter: -1})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for turn := range 100 {
		held := mustLock(t, q, lockFor("a", time.Minute))
		leaver := startWaiting(t, q, waitFor("a", time.Minute))
		next := startWaiting(t, q, waitFor("a", time.Minute))
		var work sync.WaitGroup
		work.Go(func() {
			time.Sleep(time.Duration(random.IntN(1000)) * time.Microsecond) // a moment of its own
			leaver.cancel()
		})
		if turn%2 == 0 {
			work.Wait()
		}
		mustUnlock(t, q, held)
		if g, err := leaver.wait(t); err == nil {
			mustUnlock(t, q, g) // it was granted before it left
		} else if !errors.Is(err, context.Canceled) {
			t.Fatalf("turn %d: the one that left: %v", turn, err)
		}
		g, err := next.wait(t)
		if err != nil {
			t.Fatalf("turn %d: the next: %v", turn, err)
		}
		mustUnlock(t, q, g)
		work.Wait()
	}
	settled(t, q)
	wantNoKeys(t, servers)
	wantNoWaiters(t, q)
}

func TestARetryTakesThePlaceOfTheEarlierTry(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	held := mustLock(t, q, lockFor("a", time.Minute))
	mine := waitFor("a", time.Minute)
	mine.Token = "mine"
	first := startWaiting(t, q, mine)
	stranger := startWaiting(t, q, waitFor("a", time.Minute))
	second := startLock(t, q, mine)
	if _, err := first.wait(t); !errors.Is(err, ErrHeld) {
		t.Errorf("the earlier try: got %v, want ErrHeld", err)
	}
	mustUnlock(t, q, held)
	g, err := second.wait(t)
	if err != nil || g.Token != "mine" {
		t.Fatalf("the retry: %v, %v", g, err)
	}
	if stranger.over() {
		t.Error("a stranger was served before")
	}
	mustUnlock(t, q, g)
	if _, err := stranger.wait(t); err != nil {
		t.Error(err)
	}
}

// TestAPlaceIsKeptForAMoment for who said that it would come back, and for who
// lost its connection; not for others.
func TestAPlaceIsKeptForAMoment(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	for _, how := range []string{"cut", "hung up", "gave up"} {
		held := mustLock(t, q, lockFor(how, time.Minute))
		mine := waitFor(how, time.Minute)
		mine.Token = "mine"
		switch how {
		case "cut":
			mine.Block, mine.KeepPlace = 200*time.Millisecond, true
		case "gave up":
			mine.Block = 200 * time.Millisecond
		}
		first := startWaiting(t, q, mine)
		stranger := startWaiting(t, q, waitFor(how, time.Minute))
		if how == "hung up" {
			first.cancel()
		}
		first.wait(t)
		mine.Block, mine.KeepPlace = time.Minute, false
		second := startWaiting(t, q, mine)
		mustUnlock(t, q, held)
		served, other := second, stranger
		if how == "gave up" {
			served, other = stranger, second
		}
		g, err := served.wait(t)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if other.over() {
			t.Errorf("%s: both were served", how)
		}
		mustUnlock(t, q, g)
		g, err = other.wait(t)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		mustUnlock(t, q, g)
	}
	wantNoWaiters(t, q)
}

// TestAHolderThatAsksAgainIsAnsweredAtOnce though others wait before it, and
// though it holds through another process.
func TestAHolderThatAsksAgainIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	nodes := at(addresses(servers)...)
	one := open(t, Options{Nodes: nodes})
	two := open(t, Options{Nodes: nodes, RetryDelay: 50 * time.Millisecond})
	mine := Request{Resource: "a", Token: "mine", TTL: time.Minute}
	held := mustLock(t, one, mine)
	stranger := startWaiting(t, two, waitFor("a", time.Minute))
	if _, err := two.Lock(t.Context(), mine); err != nil {
		t.Errorf("the holder's Lock: %v", err)
	}
	mine.Block = time.Minute
	if _, err := two.Lock(t.Context(), mine); err != nil {
		t.Errorf("the holder's Lock that would wait: %v", err)
	}
	if stranger.over() {
		t.Fatal("the stranger was served")
	}
	mustUnlock(t, one, held)
	if _, err := stranger.wait(t); err != nil {
		t.Error(err)
	}
}

// TestWhoUnlocksDoesNotWait: the wait of the same token ends with it.
func TestWhoUnlocksDoesNotWait(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	held := mustLock(t, q, lockFor("a", time.Minute))
	mine := waitFor("a", time.Minute)
	mine.Token = "mine"
	w := startWaiting(t, q, mine)
	err := q.Unlock(t.Context(), Request{Resource: "a", Token: "mine"})
	wantErr(t, "Unlock of what is waited for", err, ErrNotHeld)
	if _, err := w.wait(t); !errors.Is(err, ErrHeld) {
		t.Errorf("the wait ended with %v, want ErrHeld", err)
	}
	mustUnlock(t, q, held)
	wantNoWaiters(t, q)
}

func TestSomeoneElseCanEndAWait(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	mustLock(t, q, lockFor("a", time.Minute))
	heard := make(chan error, 1)
	done := func(_ Grant, err error) { heard <- err }
	why := errors.New("because")
	for told, want := range map[error]error{why: why, nil: ErrHeld} {
		a := q.StartLock(t.Context(), waitFor("a", time.Minute), done)
		if !a.End(told) {
			t.Error("it did not wait")
		}
		if err := <-heard; !errors.Is(err, want) {
			t.Errorf("ended with %v, want %v", err, want)
		}
		if a.End(told) {
			t.Error("it was ended twice")
		}
	}
	if q.StartLock(t.Context(), lockFor("a", time.Minute), done).End(why) {
		t.Error("a Lock that does not wait was ended")
	}
	wantErr(t, "it", <-heard, ErrHeld)
	w := startWaiting(t, q, waitFor("a", time.Minute))
	q.StopWaiting()
	if _, err := w.wait(t); !errors.Is(err, ErrClosed) {
		t.Errorf("ended with %v, want ErrClosed", err)
	}
	_, err := q.Lock(t.Context(), waitFor("a", time.Minute))
	wantErr(t, "a Lock that would wait", err, ErrClosed)
	mustLock(t, q, lockFor("b", time.Minute))
}

func TestWaitersAreLimited(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), MaxWaiters: 3, MaxWaitersPerResource: 2})
	for _, resource := range []string{"a", "b"} {
		mustLock(t, q, lockFor(resource, time.Minute))
	}
	a := startWaiting(t, q, waitFor("a", time.Minute))
	startWaiting(t, q, waitFor("a", time.Minute))
	_, err := q.Lock(t.Context(), waitFor("a", time.Minute))
	wantErr(t, "a third for one resource", err, ErrResourceWaiters)
	startWaiting(t, q, waitFor("b", time.Minute))
	_, err = q.Lock(t.Context(), waitFor("b", time.Minute))
	wantErr(t, "a fourth in all", err, ErrWaiters)
	a.cancel()
	a.wait(t)
	eventually(t, "there is room again", func() bool { return q.Waiting() == 2 })
	startWaiting(t, q, waitFor("b", time.Minute))
}

// TestCallsBehindAWaitingLockTakeEffect, as otherwise the holder's Unlock on a
// shared connection would wait for the one that waits for it.
func TestCallsBehindAWaitingLockTakeEffect(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	for turn := range 50 {
		held := mustLock(t, q, Request{Resource: "a", TTL: time.Minute, Session: 7})
		r := waitFor("a", time.Minute)
		r.Session = 7
		w := &waiter{done: make(chan struct{})}
		q.StartLock(t.Context(), r, func(g Grant, err error) {
			w.grant, w.err = g, err
			close(w.done)
		})
		if err := q.Unlock(t.Context(), Request{Resource: "a", Token: held.Token, Session: 7}); err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		g, err := w.wait(t)
		if err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		if err := q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token, Session: 7}); err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
	}
	wantNoWaiters(t, q)
}

// TestNobodyStarvesBetweenProcesses: however few contend, and though whoever
// releases could have the lock again before the others have heard of it.
func TestNobodyStarvesBetweenProcesses(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	nodes := at(addresses(servers)...)
	for _, each := range []int{1, 2, 5} {
		resource := fmt.Sprintf("%d each", each)
		const grants = 400
		var counts [2]atomic.Int64
		var work sync.WaitGroup
		for i := range counts {
			q := open(t, Options{Nodes: nodes, RetryDelay: never, RetryJitter: -1})
			for range each {
				work.Go(func() {
					for counts[0].Load()+counts[1].Load() < grants {
						g, err := q.Lock(t.Context(), waitFor(resource, time.Minute))
						if err != nil {
							t.Errorf("%s: %v", resource, err)
							return
						}
						counts[i].Add(1)
						if err := q.Unlock(t.Context(), Request{Resource: resource, Token: g.Token}); err != nil {
							t.Errorf("%s: %v", resource, err)
							return
						}
					}
				})
			}
		}
		work.Wait()
		for i := range counts {
			if n := counts[i].Load(); n < grants/10 {
				t.Errorf("%s: process %d got %d of %d", resource, i, n, grants)
			}
		}
	}
}

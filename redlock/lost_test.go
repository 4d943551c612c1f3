package redlock

import (
	"context"
	"errors"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// wired gives real nodes, each behind a wire, and a quorum that reaches them
// only so and has its connections made.
func wired(t *testing.T, n int, o Options, r rules) ([]*redistest.Server, []*redistest.Wire, *Quorum) {
	t.Helper()
	return wiredThrough(t, n, o, r, func(*redistest.Wire) {})
}

// wiredThrough prepares the wires before anything uses them.
func wiredThrough(t *testing.T, n int, o Options, r rules, prepare func(*redistest.Wire)) ([]*redistest.Server, []*redistest.Wire, *Quorum) {
	t.Helper()
	servers := redistest.Start(t, n)
	var wires []*redistest.Wire
	var reach []string
	for _, s := range servers {
		w := redistest.StartWire(t, s.Addr())
		prepare(w)
		wires = append(wires, w)
		reach = append(reach, w.Addr())
	}
	o.Nodes = at(reach...)
	q := openBroken(t, o, r)
	warm(t, q)
	return servers, wires, q
}

// warm uses every lane of every node once, so that a fault hits requests and
// not handshakes.
func warm(t *testing.T, q *Quorum) {
	t.Helper()
	if err := q.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	used := map[int]bool{}
	for i := 0; len(used) < q.options.Lanes; i++ {
		g := mustLock(t, q, lockFor("warm"+string(rune('a'+i)), time.Minute))
		mustUnlock(t, q, g)
		used[q.laneOf(q.key(g.Resource))] = true
	}
	settled(t, q)
}

func each(wires []*redistest.Wire, do func(*redistest.Wire)) {
	for _, w := range wires {
		do(w)
	}
}

func TestLockWhoseRepliesAreLostIsNeverTakenForHeld(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "mine"} {
		servers, wires, q := wired(t, 3, Options{NodeTimeout: 200 * time.Millisecond}, soundRules())
		each(wires, func(w *redistest.Wire) { w.LoseReplies(true) })
		_, err := q.Lock(t.Context(), Request{Resource: "a", Token: token, TTL: time.Minute})
		wantErr(t, "Lock without any reply", err, ErrNoQuorum)
		for i, v := range holders(t, servers, "a") {
			if v == "" {
				t.Errorf("node %d did not execute the acquire whose reply was lost: the test shows nothing", i+1)
			}
		}
		each(wires, func(w *redistest.Wire) { w.LoseReplies(false); w.Cut() })
		wantNoKeys(t, servers) // the undoing is owed, and paid
		var g Grant
		eventually(t, "the lock that nobody holds can be taken", func() bool {
			g, err = q.Lock(t.Context(), Request{Resource: "a", Token: token, TTL: time.Minute})
			if errors.Is(err, ErrHeld) {
				t.Fatal("null for a lock that nobody holds")
			}
			return err == nil
		})
		mustUnlock(t, q, g)
	}
}

// TestNothingIsSentTwice: go-redis' default of three retries makes a second
// SET NX find the first. Each node must see one SET per Lock.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{NodeTimeout: 200 * time.Millisecond}, soundRules())
	before := calls(t, servers, "set")
	each(wires, func(w *redistest.Wire) { w.LoseReplies(true) })
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock without any reply", err, ErrNoQuorum)
	if sent := calls(t, servers, "set") - before; sent != 3 {
		t.Errorf("%d SETs reached the three nodes, want one each", sent)
	}
}

func calls(t *testing.T, servers []*redistest.Server, command string) int64 {
	t.Helper()
	var sum int64
	for _, s := range servers {
		all, err := s.Commands(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sum += all[command]
	}
	return sum
}

func TestUnlockWhoseRepliesAreLostIsNeverNotHeld(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{NodeTimeout: 200 * time.Millisecond}, soundRules())
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires, func(w *redistest.Wire) { w.LoseReplies(true) })
	err := q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token})
	wantErr(t, "Unlock without any reply", err, ErrNoQuorum)
	each(wires, func(w *redistest.Wire) { w.LoseReplies(false); w.Cut() })
	wantNoKeys(t, servers)
}

func TestReleaseThatCouldNotBeSentGoesOut(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 5, Options{}, soundRules())
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires[:4], func(w *redistest.Wire) { w.Refuse(true) })
	err := q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token})
	wantErr(t, "Unlock that reaches one node of five", err, ErrNoQuorum)
	each(wires, func(w *redistest.Wire) { w.Refuse(false) })
	wantNoKeys(t, servers)
}

// lateFirstTry plays the schedule that an undo by token gets wrong: a Lock with
// a token hangs at two of three nodes while its caller gives up; the caller's
// second try, through another proxy, is granted; then the first try's requests
// and their undoing arrive. It reports on how many nodes the second grant still
// stands.
func lateFirstTry(t *testing.T, r rules) int {
	t.Helper()
	servers, wires, first := wired(t, 3, Options{NodeTimeout: 300 * time.Millisecond}, r)
	second := open(t, Options{Nodes: at(addresses(servers)...)})
	request := Request{Resource: "a", Token: "the caller's", TTL: time.Minute}

	each(wires[:2], func(w *redistest.Wire) { w.HoldRequests(true) })
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := first.Lock(ctx, request)
		gone <- err
	}()
	eventually(t, "the third node has the first try", func() bool {
		return holders(t, servers, "a")[2] != ""
	})
	hangUp()
	wantErr(t, "the first try", <-gone, context.Canceled)

	mustLock(t, second, request)
	settled(t, second)
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	settled(t, first)
	paid(t, first)

	standing := 0
	for _, v := range holders(t, servers, "a") {
		if v != "" {
			standing++
		}
	}
	return standing
}

// owes counts what is still to be released anywhere.
func (q *Quorum) owes() int {
	sum := 0
	for _, n := range q.nodes {
		for _, l := range n.lanes {
			sum += l.owes()
		}
	}
	return sum
}

func TestLateFirstTryTakesNothingFromTheSecond(t *testing.T) {
	t.Parallel()
	if standing := lateFirstTry(t, soundRules()); standing != 3 {
		t.Errorf("the second grant stands on %d of 3 nodes after the first try's undo", standing)
	}
}

// TestUndoByTokenWouldBeNoticed is the control of the test above.
func TestUndoByTokenWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.undoByToken = true
	if standing := lateFirstTry(t, broken); standing >= 2 {
		t.Errorf("an undo by token left the second grant on %d of 3 nodes: the schedule shows nothing", standing)
	}
}

func TestLockThatComesTooLateIsUndone(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.Delay(150 * time.Millisecond) })
	_, err := q.Lock(t.Context(), lockFor("a", 100*time.Millisecond))
	wantErr(t, "Lock that takes longer than its ttl", err, ErrTooLate)
	each(wires, func(w *redistest.Wire) { w.Delay(0) })
	wantNoKeys(t, servers)
}

func TestGrantThatNobodyWaitsForIsUndone(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.Delay(100 * time.Millisecond) })
	ctx, hangUp := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, hangUp)
	_, err := q.Lock(ctx, lockFor("a", time.Minute))
	wantErr(t, "Lock whose caller left", err, context.Canceled)
	settled(t, q)
	wantNoKeys(t, servers)
}

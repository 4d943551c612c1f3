package redlock

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestAStartedLockWhoseCallerLeftIsUndone: who started it hears why, and not of
// a grant that nobody will release.
func TestAStartedLockWhoseCallerLeftIsUndone(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	ctx, hangUp := context.WithCancel(t.Context())
	heard := make(chan error, 1)
	q.StartLock(ctx, lockFor("a", time.Minute), func(_ Grant, err error) { heard <- err })
	hangUp()
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	wantErr(t, "Lock whose caller left", <-heard, context.Canceled)
	settled(t, q)
	wantNoKeys(t, servers)
}

// TestAGrantForACallerThatJustLeftIsUndone: the nodes have decided, and the
// caller's time ends before it hears of it.
func TestAGrantForACallerThatJustLeftIsUndone(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	var granted func(Grant, error)
	start := func(done func(Grant, error)) { granted = done; hangUp() }
	leave := func() { granted(Grant{Resource: "a"}, nil) }
	var undone []Grant
	_, err := wait(ctx, start, leave, func(g Grant) { undone = append(undone, g) })
	wantErr(t, "a call whose caller left", err, context.Canceled)
	if len(undone) != 1 || undone[0].Resource != "a" {
		t.Errorf("undone: %v, want the grant that came too late", undone)
	}
}

// TestWhatWasSentIsOwedForEver: a node that stands still may execute an acquire
// long after the longest ttl, counted from when it was sent.
func TestWhatWasSentIsOwedForEver(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.mu.Lock()
	l.owed.keep = time.Nanosecond
	l.mu.Unlock()
	l.push(named(acquire, "sent"))
	wantGiven(t, link, "acquire sent")
	l.node.down.Store(&downError{since: time.Now(), cause: errTimeout})
	link.fate <- errTimeout
	eventually(t, "its undo is owed", func() bool { return l.owes() == 1 })
	l.push(named(release, "old"))
	l.push(named(release, "new"))
	l.node.down.Store(nil)
	l.nudge()
	got := <-link.given
	link.fate <- nil
	if got[0] != "release sent" {
		t.Errorf("the node was given %q, and not the undo of what it may still execute", got)
	}
}

// lapsedOnThree locks on five nodes and takes the key from the first three.
func lapsedOnThree(t *testing.T) ([]*redistest.Server, []*redistest.Wire, *Quorum, Request) {
	t.Helper()
	servers, wires, q := wired(t, 5, Options{}, soundRules())
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	for _, s := range servers[:3] {
		s.Client().Del(t.Context(), "a")
	}
	return servers, wires, q, Request{Resource: "a", Token: g.Token, TTL: time.Minute}
}

// TestTheRestOfALapsedLockIsReleasedWhereNobodyAnsweredYet, when Extend finds
// that it has lapsed.
func TestTheRestOfALapsedLockIsReleasedWhereNobodyAnsweredYet(t *testing.T) {
	t.Parallel()
	servers, wires, q, r := lapsedOnThree(t)
	each(wires[3:], func(w *redistest.Wire) { w.HoldRequests(true) })
	_, err := q.Extend(t.Context(), r)
	wantErr(t, "Extend of a lock on two nodes of five", err, ErrNotHeld)
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	settled(t, q)
	wantNoKeys(t, servers)
}

// TestTheRestOfALapsedLockIsReleasedWhereTheAnswerWasLost is the same for nodes
// of which nobody knows whether they extended it.
func TestTheRestOfALapsedLockIsReleasedWhereTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	servers, wires, q, r := lapsedOnThree(t)
	before := calls(t, servers[3:], "evalsha")
	each(wires[:3], func(w *redistest.Wire) { w.HoldRequests(true) })
	each(wires[3:], func(w *redistest.Wire) { w.LoseReplies(true) })
	outcome := make(chan error, 1)
	q.StartExtend(r, func(_ Grant, err error) { outcome <- err })
	eventually(t, "two nodes extended", func() bool { return calls(t, servers[3:], "evalsha")-before == 2 })
	each(wires[3:], func(w *redistest.Wire) { w.Refuse(true) })
	eventually(t, "their connections are known to be lost", func() bool { return q.failing(3) && q.failing(4) })
	each(wires[:3], func(w *redistest.Wire) { w.HoldRequests(false) })
	wantErr(t, "Extend of a lock on two nodes of five", <-outcome, ErrNotHeld)
	each(wires[3:], func(w *redistest.Wire) { w.LoseReplies(false); w.Refuse(false) })
	wantNoKeys(t, servers)
}

// failing tells whether a node's last batch was not answered.
func (q *Quorum) failing(node int) bool {
	d := q.nodes[node]
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failures > 0
}

// TestWhatIsTooLateIsNotSent: a request that waited behind others for longer
// than its ttl would only have to be undone.
func TestWhatIsTooLateIsNotSent(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 1, Options{NodeTimeout: patient}, soundRules())
	lane := q.laneOf(q.key("first"))
	second := "a"
	for q.laneOf(q.key(second)) != lane {
		second += "a"
	}
	sent := func() int64 { return calls(t, servers, "set") + calls(t, servers, "evalsha") }
	before := sent()
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	first, late := make(chan error, 1), make(chan error, 2)
	q.StartLock(t.Context(), lockFor("first", time.Minute), func(_ Grant, err error) { first <- err })
	eventually(t, "the first is away", func() bool { return q.nodes[0].lanes[lane].queued() == 0 })
	const ttl = 20 * time.Millisecond
	began := time.Now()
	q.StartLock(t.Context(), lockFor(second, ttl), func(_ Grant, err error) { late <- err })
	q.StartExtend(Request{Resource: second, Token: "mine", TTL: ttl}, func(_ Grant, err error) { late <- err })
	eventually(t, "they are too late", func() bool { return time.Since(began) > ttl })
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantErr(t, "what waited longer than its ttl", <-late, ErrNoQuorum)
	}
	settled(t, q)
	if n := sent() - before; n != 1 {
		t.Errorf("%d requests were sent, want only the one that was not too late", n)
	}
}

// TestNoUndoOvertakesWhatIsStillBeingAsked: the nodes without the lock have time to
// answer an extension before it stands in the lanes of the others, where it finds
// something. What is undone then must be undone behind it.
func TestNoUndoOvertakesWhatIsStillBeingAsked(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	for _, s := range servers[3:] {
		if err := s.Client().Set(t.Context(), "a", "T", time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	const enough = 100 * time.Millisecond // for three nodes beside us to say no
	told := make(chan error, 1)
	asked := func(node int) {
		if node != 2 {
			return
		}
		select {
		case err := <-told:
			told <- err
		case <-time.After(enough):
		}
	}
	s := seams{dial: newRedisWire, asleep: systemAsleep, chance: rand.Float64, asked: asked}
	o := Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, FirstStart: FirstStartForce}
	q, err := newQuorumOver(t.Context(), o, soundRules(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close(context.Background()) }()
	if err := q.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.StartExtend(Request{Resource: "a", Token: "T", TTL: time.Minute}, func(_ Grant, err error) { told <- err })
	wantErr(t, "Extend of a lock on two nodes of five", <-told, ErrNotHeld)
	wantNoKeys(t, servers)
}

// queued is how many requests wait to be sent.
func (l *lane) queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// waiting is how many requests the nodes' lanes have not sent yet.
func (q *Quorum) waiting() (n int) {
	for _, d := range q.nodes {
		for _, l := range d.lanes {
			n += l.queued()
		}
	}
	return n
}

package redlock

import (
	"net"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// lapsing is a MaxTTL that leaves time to lose a memory, and to be let vote by
// who gets its length wrong, within the validity of one lock.
const lapsing = 6 * time.Second

// throughWires is a quorum with MaxTTL lapsing that reaches the nodes over wires
// of its own.
func throughWires(t *testing.T, servers []*redistest.Server, r rules) ([]*redistest.Wire, *Quorum) {
	t.Helper()
	var wires []*redistest.Wire
	var reach []string
	for _, s := range servers {
		w := redistest.StartWire(t, s.Addr())
		wires, reach = append(wires, w), append(reach, w.Addr())
	}
	return wires, openBroken(t, Options{Nodes: at(reach...), FirstStart: FirstStartAuto, MaxTTL: lapsing}, r)
}

// cutOff and reach are for nodes one by one.
func cutOff(wires ...*redistest.Wire) {
	each(wires, func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
}

func reach(wires ...*redistest.Wire) {
	each(wires, func(w *redistest.Wire) { w.Refuse(false) })
}

// runForLong waits until a quarantine from the beginning would be over.
func runForLong(t *testing.T, q *Quorum) {
	t.Helper()
	eventually(t, "it has run for longer than a quarantine", func() bool { return time.Since(q.guard.began) > q.guard.lapse() })
}

// onTwo takes a lock on n1 and n2 alone.
func onTwo(t *testing.T, q *Quorum, wires []*redistest.Wire) Grant {
	t.Helper()
	cutOff(wires[2])
	eventually(t, "n3 is missed", func() bool { return q.Nodes()[2].Down != nil })
	return mustLock(t, q, lockFor("a", lapsing))
}

// stateBecomes waits for the state of n1.
func stateBecomes(t *testing.T, q *Quorum, want string) {
	t.Helper()
	eventually(t, "n1 is "+want, func() bool { return q.Nodes()[0].State == want })
}

// seconded tells whether somebody else is granted the lock before that time.
func seconded(t *testing.T, q *Quorum, until time.Time) bool {
	t.Helper()
	for time.Now().Before(until) {
		g, err := q.Lock(t.Context(), lockFor("a", lapsing))
		if err == nil && g.Asked().Before(until) && time.Now().Before(until) {
			return true
		}
		time.Sleep(5 * time.Millisecond) // the pace of contenders
	}
	return false
}

// losses are ways in which a node loses its memory and keeps its run id. n1 has a
// lock, as has n2; n3 has not and comes back when n1 has lost it. Each tells
// whether another was granted it.
var losses = []struct {
	name   string
	holder func(*testing.T, rules) bool
}{
	{"by a master", lossByMaster},
	{"with a clock that had jumped", lossWithBadClock},
	{"twice, for a proxy that was away", lossWhileAway},
	{"in a quarantine", lossInQuarantine},
}

// TestALossOfMemoryIsWaitedForAnew, whatever was known of the node before.
func TestALossOfMemoryIsWaitedForAnew(t *testing.T) {
	t.Parallel()
	for _, c := range losses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.holder(t, soundRules()) {
				t.Error("two holders")
			}
		})
	}
}

// TestALossCountedFromTheLastVoteWouldBeNoticed is the control of the test above.
func TestALossCountedFromTheLastVoteWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.sinceVotes = true
	for _, c := range losses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for range 3 { // a busy machine hides it
				if c.holder(t, broken) {
					return
				}
			}
			t.Error("there were no two holders: the scenario shows nothing")
		})
	}
}

// lossByMaster: n1 is made a replica by mistake, which is noticed, loses its
// memory to the master, and is a master again.
func lossByMaster(t *testing.T, r rules) bool {
	t.Helper()
	servers, other := redistest.Start(t, 3), redistest.Start(t, 1)[0]
	wires, q := throughWires(t, servers, r)
	runForLong(t, q)
	first := onTwo(t, q, wires)
	follow(t, servers[0], other, "2")
	wires[0].Cut() // or it is noticed within surveyPeriod
	stateBecomes(t, q, StateRefused)
	eventually(t, "it has what the master has", func() bool { return servers[0].Client().Exists(t.Context(), "a").Val() == 0 })
	lead(t, servers[0])
	reach(wires[2])
	return seconded(t, q, first.Until)
}

// follow makes a server a replica, which still has its memory for some seconds.
func follow(t *testing.T, s, master *redistest.Server, seconds string) {
	t.Helper()
	if err := master.Client().ConfigSet(t.Context(), "repl-diskless-sync-delay", seconds).Err(); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(master.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Client().ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
}

// lead makes it a master again.
func lead(t *testing.T, s *redistest.Server) {
	t.Helper()
	if err := s.Client().ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
}

func flush(t *testing.T, s *redistest.Server) {
	t.Helper()
	if err := s.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// lossWithBadClock: n1 is flushed while it does not vote because of its clock.
func lossWithBadClock(t *testing.T, r rules) bool {
	t.Helper()
	servers := redistest.Start(t, 3)
	wires, q := throughWires(t, servers, r)
	runForLong(t, q)
	first := onTwo(t, q, wires)
	q.guard.mu.Lock() // as if n1's clock had gone ahead a little: see nodeClock.note
	jumped := time.Now()
	q.guard.members[0].clock.mistrusted = jumped.Add(2 * time.Second)
	q.guard.mu.Unlock()
	stateBecomes(t, q, StateQuarantined)
	eventually(t, "each connection has looked since", func() bool { return time.Since(jumped) > guardPeriod+100*time.Millisecond })
	flush(t, servers[0])
	reach(wires[2])
	return seconded(t, q, first.Until)
}

// lossWhileAway: a proxy that sees n1 quarantined twice, and not what was between.
func lossWhileAway(t *testing.T, r rules) bool {
	t.Helper()
	servers := redistest.Start(t, 3)
	wires, q := throughWires(t, servers, r)
	others, other := throughWires(t, servers, r)
	restartEmpty(t, servers[0])
	stateBecomes(t, q, StateQuarantined)
	stateBecomes(t, other, StateQuarantined)
	cutOff(wires[0])
	stateBecomes(t, other, StateAdmitted)
	first := onTwo(t, other, others)
	flush(t, servers[0])
	stateBecomes(t, other, StateQuarantined)
	reach(wires[0])
	return seconded(t, q, first.Until)
}

// lossInQuarantine: n1 has a lock that was put back there and extended, and is
// flushed when its quarantine is nearly over.
func lossInQuarantine(t *testing.T, r rules) bool {
	t.Helper()
	servers := redistest.Start(t, 3)
	wires, q := throughWires(t, servers, r)
	held := mustLock(t, q, Request{Resource: "a", TTL: lapsing, Owned: true})
	hold := q.Hold(held, lapsing, time.Hour, func(*Hold, error) {})
	restartEmpty(t, servers[0])
	stateBecomes(t, q, StateQuarantined)
	eventually(t, "the lock is put back", func() bool { return servers[0].Client().Exists(t.Context(), "a").Val() == 1 })
	hold.Stop()
	cutOff(wires[2])
	eventually(t, "n3 is missed", func() bool { return q.Nodes()[2].Down != nil })
	if err := servers[2].Client().Del(t.Context(), "a").Err(); err != nil { // as it lapses there
		t.Fatal(err)
	}
	eventually(t, "the quarantine is nearly over", func() bool { return time.Until(q.Nodes()[0].Until) < time.Second })
	extended, err := q.Extend(t.Context(), Request{Resource: "a", Token: held.Token, TTL: lapsing})
	if err != nil {
		t.Fatal(err)
	}
	flush(t, servers[0])
	reach(wires[2])
	return seconded(t, q, extended.Until)
}

// TestACopyOfItsOwnMemoryIsNotBelieved: n1 was the replica of its own copy, which
// lacks a lock and has the record, with n1's run id.
func TestACopyOfItsOwnMemoryIsNotBelieved(t *testing.T) {
	t.Parallel()
	servers, spare := redistest.Start(t, 3), redistest.Start(t, 1)[0]
	wires, q := throughWires(t, servers, soundRules())
	follow(t, spare, servers[0], "0")
	eventually(t, "there is a copy", func() bool { return spare.Client().Exists(t.Context(), memberKey).Val() == 1 })
	lead(t, spare)
	first := onTwo(t, q, wires)
	follow(t, servers[0], spare, "1")
	wires[0].Cut()
	stateBecomes(t, q, StateRefused)
	eventually(t, "it has the copy", func() bool { return servers[0].Client().Exists(t.Context(), "a").Val() == 0 })
	lead(t, servers[0])
	reach(wires[2])
	if seconded(t, q, first.Until) {
		t.Error("two holders")
	}
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
}

// TestWhoHasMetMembersFoundsNothing: a proxy that has never seen a node vote has
// seen that there was a quorum, whose clients may hold locks when all nodes
// forget.
func TestWhoHasMetMembersFoundsNothing(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	o := func(o *Options) { o.MaxTTL = lapsing }
	before := guarded(t, servers, o)
	first := mustLock(t, before, lockFor("a", lapsing))
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers { // as after a restart with an RDB from before the lock
		s.Client().HSet(t.Context(), memberKey, "run", "another")
		s.Client().Del(t.Context(), "a")
	}
	q := guarded(t, servers, o)
	wantStates(t, q, StateQuarantined, StateQuarantined, StateQuarantined)
	for _, s := range servers {
		restartEmpty(t, s)
	}
	if seconded(t, q, first.Until) {
		t.Error("two holders")
	}
}

// TestAQuarantineIsNamedAnew, and keeps its name to the end, so that every proxy
// can tell it from the last one.
func TestAQuarantineIsNamedAnew(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers)
	memory := func() string { return servers[0].Client().HGet(t.Context(), memberKey, "memory").Val() }
	seen := []string{memory()}
	for range 2 {
		flush(t, servers[0])
		stateBecomes(t, q, StateQuarantined)
		seen = append(seen, memory())
		stateBecomes(t, q, StateAdmitted)
		if now := memory(); now != seen[len(seen)-1] {
			t.Errorf("admitted under another name, %q, than quarantined: %q", now, seen)
		}
	}
	if all := strings.Join(seen, " "); seen[0] == "" || len(all) != 3*16+2 || seen[0] == seen[1] || seen[1] == seen[2] || seen[0] == seen[2] {
		t.Errorf("the names were %q", seen)
	}
}

package redlock

import (
	"context"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

func fenceFor(resource string, ttl time.Duration) Request {
	return Request{Resource: resource, TTL: ttl, Fence: true}
}

// inTurn waits: what one process has released at a majority of the nodes, another
// may still find on the rest.
func inTurn(r Request) Request {
	r.Block = 10 * time.Second
	return r
}

// TestFencesIncrease through two processes, with and without a token, as a
// refresh and after nodes were away.
func TestFencesIncrease(t *testing.T) {
	t.Parallel()
	servers, one := five(t)
	two := open(t, Options{Nodes: at(addresses(servers)...)})
	var last int64
	grow := func(g Grant) Grant {
		t.Helper()
		if g.Fence <= last {
			t.Fatalf("fence %d after %d", g.Fence, last)
		}
		last = g.Fence
		return g
	}
	for i := range 50 {
		q := []*Quorum{one, two}[i%2]
		mustUnlock(t, q, grow(mustLock(t, q, inTurn(fenceFor("a", time.Minute)))))
		r := inTurn(fenceFor("a", time.Minute))
		r.Token = "mine"
		grow(mustLock(t, q, r))
		again := grow(mustLock(t, two, r))
		switch i {
		case 10:
			servers[0].Pause()
		case 20:
			servers[0].Resume()
			servers[1].Pause()
		case 30:
			servers[1].Resume()
		}
		mustUnlock(t, one, again)
	}
	plain := mustLock(t, one, inTurn(lockFor("a", time.Minute)))
	if plain.Fence != 0 {
		t.Errorf("fence %d was not asked for", plain.Fence)
	}
	mustUnlock(t, one, plain)
	grow(mustLock(t, two, inTurn(fenceFor("a", time.Minute))))
}

// fencesOf is the example in fence.go: three nodes that stand at 10, 3 and 0, of
// which two are asked and then two others. It gives both fences.
func fencesOf(t *testing.T, r rules) (first, second int64) {
	t.Helper()
	servers, wires, q := wired(t, 3, Options{NodeTimeout: 300 * time.Millisecond}, r)
	stand := q.guard.nodesNow(time.Now())
	for i, n := range []int64{10, 3} {
		if err := servers[i].Client().Set(t.Context(), fenceKey("a"), stand+n, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	take := func(without int) int64 {
		each(wires[without:without+1], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
		var g Grant
		eventually(t, "two nodes grant it", func() (ok bool) {
			var err error
			g, err = q.Lock(t.Context(), fenceFor("a", time.Minute))
			return err == nil
		})
		mustUnlock(t, q, g)
		each(wires, func(w *redistest.Wire) { w.Refuse(false) })
		eventually(t, "all are back", func() bool {
			for _, n := range q.Nodes() {
				if n.Down != nil {
					return false
				}
			}
			return true
		})
		return g.Fence
	}
	return take(2), take(0)
}

func TestAFenceIsGreaterWhicheverNodesGrantIt(t *testing.T) {
	t.Parallel()
	if first, second := fencesOf(t, soundRules()); second <= first {
		t.Errorf("fence %d after %d", second, first)
	}
}

// countingScript is what an INCR on each node would be.
const countingScript = mine + `
local held = redis.call('GET', KEYS[1])
if held and not mine(held, ARGV[1]) then return held end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return redis.call('INCR', KEYS[2])
`

func countingRules() rules {
	r := soundRules()
	r.fenceByCount = true
	r.script = func(s *scripts) { s.fence = newScript(countingScript) }
	return r
}

func TestCountedFencesWouldBeNoticed(t *testing.T) {
	t.Parallel()
	if first, second := fencesOf(t, countingRules()); second > first {
		t.Errorf("fence %d after %d: the scenario shows nothing", second, first)
	}
}

// TestAGreaterFenceOnAMinorityIsNoRefusal: the lock is free, so the answer is a
// grant with a fence that is greater still.
func TestAGreaterFenceOnAMinorityIsNoRefusal(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	high := time.Now().Add(20 * time.Second).UnixMicro() // within what clocks may differ by
	for _, s := range servers[:3] {
		if err := s.Client().Set(t.Context(), fenceKey("a"), high, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if g := mustLock(t, q, fenceFor("a", time.Minute)); g.Fence != high+1 {
		t.Errorf("fence %d, want %d", g.Fence, high+1)
	}
}

// TestAFarFenceIsFollowedByTheNext: after the clocks were set back the next
// number is still accepted.
func TestAFarFenceIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	far := time.Now().Add(24 * time.Hour).UnixMicro()
	for _, s := range servers {
		if err := s.Client().Set(t.Context(), fenceKey("a"), far, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if g := mustLock(t, q, fenceFor("a", time.Minute)); g.Fence != far+1 {
		t.Errorf("fence %d, want %d", g.Fence, far+1)
	}
	if g := mustLock(t, q, fenceFor("b", time.Minute)); g.Fence > time.Now().Add(time.Minute).UnixMicro() {
		t.Errorf("the fence of another resource followed: %d", g.Fence)
	}
}

// TestFencesUnderContention: each grant's is greater than that of the one before.
func TestFencesUnderContention(t *testing.T) {
	t.Parallel()
	servers, one := five(t)
	two := open(t, Options{Nodes: at(addresses(servers)...)})
	var mu sync.Mutex
	var last int64
	var work sync.WaitGroup
	for i := range 8 {
		q := []*Quorum{one, two}[i%2]
		work.Go(func() {
			for range 25 {
				r := fenceFor("a", time.Minute)
				r.Block = time.Minute
				g, err := q.Lock(t.Context(), r)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if g.Fence <= last {
					t.Errorf("fence %d after %d", g.Fence, last)
				}
				last = g.Fence
				mu.Unlock()
				if err := q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
}

// dayAhead lets a proxy whose clock is a day ahead grant a fence and end, and then
// all nodes forget one after the other, as in an upgrade of them. It gives that
// fence and the next proxy's.
func dayAhead(t *testing.T, r rules) (first, second int64) {
	t.Helper()
	servers := redistest.Start(t, 3)
	o := Options{Nodes: at(addresses(servers)...), FirstStart: FirstStartAuto, MaxTTL: short, NodeTimeout: time.Second}
	s := seams{dial: newRedisWire, asleep: systemAsleep, chance: func() float64 { return 0.5 }, ahead: 24 * time.Hour}
	q, err := newQuorumOver(t.Context(), o, r, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first = mustLock(t, q, fenceFor("a", short)).Fence
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = q.Close(gone)
	next := openBroken(t, o, r)
	eventually(t, "another is granted the lock", func() bool {
		g, err := next.Lock(t.Context(), fenceFor("a", short))
		return err == nil && g.Fence > first
	})
	for i, node := range servers {
		restartEmpty(t, node)
		eventually(t, "it is quarantined", func() bool { return next.Nodes()[i].State == StateQuarantined })
		wantStates(t, next, StateAdmitted, StateAdmitted, StateAdmitted)
	}
	eventually(t, "another is granted the lock", func() bool {
		g, err := next.Lock(t.Context(), fenceFor("a", short))
		second = g.Fence
		return err == nil
	})
	return first, second
}

// TestAProxyWhoseClockIsADayAhead leaves nothing behind: fences are of the nodes'
// clocks, and where they were of its own, the nodes would not accept them.
func TestAProxyWhoseClockIsADayAhead(t *testing.T) {
	t.Parallel()
	for _, ownClock := range []bool{false, true} {
		r := soundRules()
		r.ownClock = ownClock
		first, second := dayAhead(t, r)
		if second <= first || first > time.Now().Add(time.Minute).UnixMicro() {
			t.Errorf("of its own clock %v: fence %d after %d", ownClock, second, first)
		}
	}
}

// TestADayAheadWouldBeNoticed is the control of the test above.
func TestADayAheadWouldBeNoticed(t *testing.T) {
	t.Parallel()
	r := soundRules()
	r.ownClock, r.fenceNoBounds = true, true
	if first, second := dayAhead(t, r); second > first {
		t.Errorf("fence %d after %d: the scenario shows nothing", second, first)
	}
}

package redlock

import (
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// rolled holds a lock while all of five nodes are restarted empty, one after the
// other, each after the one before has the lock again or a few extensions were
// made. It tells whether the lock was never lost.
func rolled(t *testing.T, r rules) bool {
	t.Helper()
	servers := redistest.Start(t, 5)
	const ttl = 900 * time.Millisecond
	q := openBroken(t, Options{Nodes: at(addresses(servers)...), MaxTTL: time.Minute}, r)
	g := mustLock(t, q, Request{Resource: "a", Token: "mine", TTL: ttl, Owned: true, Fence: true})
	lost := make(chan error, 1)
	h := q.Hold(g, ttl, time.Hour, func(_ *Hold, err error) { lost <- err })
	for i, s := range servers {
		restartEmpty(t, s)
		until := h.Until()
		eventually(t, "it is back, lost, or extended a few times", func() bool {
			return h.Lost() || strings.HasPrefix(holders(t, servers, "a")[i], "mine") || h.Until().Sub(until) > ttl
		})
	}
	if h.Lost() {
		wantErr(t, "the Hold", <-lost, ErrLost)
		return false
	}
	for i, v := range holders(t, servers, "a") {
		if !holds(v, "mine") {
			t.Errorf("node %d has %q", i, v)
		}
	}
	_, err := open(t, Options{Nodes: at(addresses(servers)...)}).Lock(t.Context(), lockFor("a", ttl))
	wantErr(t, "another's Lock", err, ErrHeld)
	h.Release()
	wantNoKeys(t, servers)
	return true
}

func TestAHeldLockOutlivesARollingRestart(t *testing.T) {
	t.Parallel()
	if !rolled(t, soundRules()) {
		t.Error("it was lost")
	}
}

func TestWithoutRepairTheLossWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.noRepair = true
	if rolled(t, broken) {
		t.Error("it was not lost: the test shows nothing")
	}
}

// TestARepairIsTakenBack where the lock was released through another process
// between the extension and the repair: the node to which it is put back is slow.
func TestARepairIsTakenBack(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 5, Options{NodeTimeout: patient}, soundRules())
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	const ttl = 3 * time.Second
	g := mustLock(t, q, Request{Resource: "a", Token: "mine", TTL: ttl, Owned: true})
	settled(t, q)
	if err := servers[0].Client().Del(t.Context(), "a").Err(); err != nil {
		t.Fatal(err)
	}
	wires[0].Delay(300 * time.Millisecond)
	h := q.Hold(g, ttl, time.Hour, func(*Hold, error) {})
	until := h.Until()
	eventually(t, "a majority extended it", func() bool { return h.Until().After(until) })
	mustUnlock(t, other, g)
	settled(t, other)
	settled(t, q) // the repair is over, and its undo sent
	eventually(t, "nothing is left, long before it would lapse", func() bool {
		return strings.Join(holders(t, servers, "a"), "") == ""
	})
	if late := time.Since(h.Until()); late > -ttl/6 {
		t.Errorf("the lock would have lapsed by itself by now, %v ago", late)
	}
}

// TestARepairIsNotPutInTheWay of another's lock, or of a greater fence.
func TestARepairIsNotPutInTheWay(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	const ttl = 300 * time.Millisecond
	g := mustLock(t, q, Request{Resource: "a", Token: "mine", TTL: ttl, Owned: true, Fence: true})
	h := q.Hold(g, ttl, time.Hour, func(*Hold, error) {})
	for i, c := range []string{"a", "b"} {
		client := servers[i].Client()
		if err := client.Del(t.Context(), "a").Err(); err != nil {
			t.Fatal(err)
		}
		if c == "a" {
			client.Set(t.Context(), "a", "another", time.Minute)
		} else {
			client.Set(t.Context(), fenceKey("a"), g.Fence+1, time.Minute)
		}
	}
	until := h.Until()
	eventually(t, "it was extended a few times", func() bool { return h.Until().Sub(until) > ttl })
	if got := holders(t, servers, "a"); got[0] != "another" || got[1] != "" || !holds(got[2], "mine") {
		t.Errorf("the nodes have %q", got)
	}
	h.Release()
}

// TestTheStateIsRepairedToo: a lock that another Lock relies on is not released
// with its first owner, after all nodes have lost and got it again.
func TestTheStateIsRepairedToo(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	const ttl = 600 * time.Millisecond
	r := Request{Resource: "a", Token: "mine", TTL: ttl, Owned: true}
	g := mustLock(t, q, r)
	h := q.Hold(g, ttl, time.Hour, func(*Hold, error) {})
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	mustLock(t, other, r)
	for i, s := range servers {
		if err := s.Client().Del(t.Context(), "a").Err(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is back", func() bool { return holders(t, servers, "a")[i] != "" })
	}
	h.Release()
	settled(t, q)
	for i, v := range holders(t, servers, "a") {
		if v == "" {
			t.Errorf("node %d released what another relies on", i)
		}
	}
}

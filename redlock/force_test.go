package redlock

import (
	"slices"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

func TestForceUnlockReleasesWhateverIsThere(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	wantErr(t, "of nothing", q.ForceUnlock(t.Context(), "a"), ErrNotHeld)
	for _, token := range []string{"", "mine"} {
		mustLock(t, q, Request{Resource: "a", Token: token, TTL: time.Minute})
		if err := q.ForceUnlock(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		wantNoKeys(t, servers)
		mustUnlock(t, q, mustLock(t, q, lockFor("a", time.Minute)))
	}
	put(t, servers[4], "a", "left", time.Minute)
	if err := q.ForceUnlock(t.Context(), "a"); err != nil {
		t.Errorf("of a minority's key: %v", err)
	}
	for i, value := range []string{"b", "a", "a", "", "b"} {
		if value != "" {
			put(t, servers[i], "a", value, 0)
		}
	}
	if err := q.ForceUnlock(t.Context(), "a"); err != nil {
		t.Errorf("of a split vote: %v", err)
	}
	wantNoKeys(t, servers)
	servers[0].Client().HSet(t.Context(), "a", "b", 1)
	wantErr(t, "of a hash", q.ForceUnlock(t.Context(), "a"), ErrOtherType)
	put(t, servers[0], "long", strings.Repeat("x", 1025), time.Minute)
	wantErr(t, "of what is too long for a lock", q.ForceUnlock(t.Context(), "long"), ErrOtherType)
	_, refused := q.ForceUnlock(t.Context(), reservedPrefix+"member").(*ArgumentError)
	if !refused {
		t.Error("the proxies' own key was not refused")
	}
}

func TestForceUnlockEndsAHoldAndWakesWaiters(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	slow := func() *Quorum { // it hears of a release, or not in this test
		return open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: time.Hour, RetryJitter: -1})
	}
	holding, elsewhere := slow(), slow()
	h := hold(t, holding, Request{Resource: "a", TTL: time.Minute}, time.Hour)
	near, far := startWaiting(t, holding, waitFor("a", time.Minute)), startWaiting(t, elsewhere, waitFor("a", time.Minute))
	for _, o := range []*Quorum{holding, elsewhere} {
		eventually(t, "it hears of releases", func() bool { return o.ears.own("a") == 1 })
	}
	if err := holding.ForceUnlock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "the hold", h.end(t), ErrLost)
	if left := <-h.left; left > noticeOfForce || !h.Lost() || h.Loss() != LossForced {
		t.Errorf("its holder has %v to be told that it was lost for the reason %q", left, h.Loss())
	}
	wantMoved(t, "the loss", moved(nil, holding.Stats().Losses), map[string]uint64{LossForced: 1})
	g, err := near.wait(t)
	if err != nil {
		t.Fatal(err)
	}
	// By a third process, which only the nodes connect with who waits.
	if err := q.ForceUnlock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "UNLOCK by its holder", holding.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}), ErrNotHeld)
	g, err = far.wait(t)
	if err != nil {
		t.Fatal(err)
	}
	mustUnlock(t, elsewhere, g)
	wantNoKeys(t, servers)
}

func TestAHoldElsewhereLearnsOfForce(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	h := hold(t, q, Request{Resource: "a", TTL: holdTTL}, time.Hour)
	if err := other.ForceUnlock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "the hold", h.end(t), ErrLost)
	wantMoved(t, "the loss", moved(nil, q.Stats().Losses), map[string]uint64{LossNotHeld: 1})
	wantNoKeys(t, servers)
}

// TestForceThatComesLate must not release a lock that was granted since: what a
// node that was away still owes is the old token's only.
func TestForceThatComesLate(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	old := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires[:1], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	if err := q.ForceUnlock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := holders(t, servers, "a"); got[0] != old.Token || got[1] != "" || got[2] != "" {
		t.Fatalf("the nodes have %q", got)
	}
	if q.owes() == 0 {
		t.Fatal("nothing is owed to the node that is away")
	}
	servers[0].Client().Del(t.Context(), "a") // its ttl is over, and others had the node before it was cut off
	for _, s := range servers {
		put(t, s, "a", "newer", time.Minute)
	}
	each(wires[:1], func(w *redistest.Wire) { w.Refuse(false) })
	paid(t, q)
	if got := holders(t, servers, "a"); !slices.Equal(got, []string{"newer", "newer", "newer"}) {
		t.Errorf("a later lock is gone: %q", got)
	}
}

func TestForceUnlockWithoutAQuorum(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires[:2], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	wantErr(t, "with one of three nodes", q.ForceUnlock(t.Context(), "a"), ErrNoQuorum)
	each(wires[:2], func(w *redistest.Wire) { w.Refuse(false) })
	paid(t, q)
	wantNoKeys(t, servers) // the release went on
}

package redlock

import (
	"errors"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// What lock libraries do wrong when they extend and release; see
// defects_test.go.

// TestAnExtensionThatComesTooLateIsNotConfirmed: node-redlock 5.0-beta (#296)
// and redlock-universal 0.8.5 do not look at the clock after an extension.
func TestAnExtensionThatComesTooLateIsNotConfirmed(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{}, soundRules())
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires, func(w *redistest.Wire) { w.Delay(150 * time.Millisecond) })
	_, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: 100 * time.Millisecond})
	wantErr(t, "Extend that takes longer than its ttl", err, ErrTooLate)
	each(wires, func(w *redistest.Wire) { w.Delay(0) })
	if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute}); err != nil {
		t.Errorf("the lock does not stand any more: %v", err)
	}
}

// TestALapsedLockIsNotAskedForAgainAndAgain: node-redlock 5.0-beta (#65, #131)
// takes "not held" for a failure and asks the nodes ten times more.
func TestALapsedLockIsNotAskedForAgainAndAgain(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...)})
	warm(t, q)
	g := mustLock(t, q, lockFor("a", 50*time.Millisecond))
	settled(t, q)
	wantNoKeys(t, servers)
	before := calls(t, servers, "evalsha")
	wantErr(t, "Unlock of a lapsed lock", q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}), ErrNotHeld)
	_, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute})
	wantErr(t, "Extend of a lapsed lock", err, ErrNotHeld)
	settled(t, q)
	// Where the failed extension is not known to have found nothing, it is undone.
	if n := calls(t, servers, "evalsha") - before; n > 3*(1+2) {
		t.Errorf("an Unlock and an Extend were %d requests at three nodes", n)
	}
}

// TestABlackHoleStallsNothing: redsync 4.17 (#140) has no time-out of its own
// when it extends and releases, and waits for go-redis', several seconds.
func TestABlackHoleStallsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		timeout time.Duration
		holes   int
		want    error
	}{{patient, 1, nil}, {700 * time.Millisecond, 2, ErrNoQuorum}} {
		servers, wires, q := wired(t, 3, Options{NodeTimeout: c.timeout}, soundRules())
		g := mustLock(t, q, lockFor("a", time.Minute))
		settled(t, q)
		dark := wires[:c.holes]
		each(dark, func(w *redistest.Wire) { w.BlackHole(true) })
		begin := time.Now()
		_, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute})
		wantErr(t, "Extend", err, c.want)
		wantErr(t, "Unlock", q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}), c.want)
		g, err = q.Lock(t.Context(), lockFor("b", time.Minute))
		wantErr(t, "Lock", err, c.want)
		if took := time.Since(begin); took > patient/2 {
			t.Errorf("with %d of 3 nodes in the dark it took %v", c.holes, took)
		}
		each(dark, func(w *redistest.Wire) { w.BlackHole(false); w.Cut() })
		if err == nil {
			mustUnlock(t, q, g)
		}
		wantNoKeys(t, servers)
	}
}

// TestExtendIsOneRoundTrip: redlock-universal 0.8.5 reads the key on all nodes
// and then extends it; meanwhile it may lapse.
func TestExtendIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	warm(t, q)
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	before := q.batches()
	if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute}); err != nil {
		t.Fatal(err)
	}
	settled(t, q)
	if n := q.batches() - before; n != 5 {
		t.Errorf("an Extend was %d exchanges with five nodes, want one each", n)
	}
}

// TestAHoldIsNotCountedFromTheReply: redlock-universal 0.8.5 starts the clock of
// its automatic extension when the lock has come.
func TestAHoldIsNotCountedFromTheReply(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{}, soundRules())
	const ttl, late = 3 * time.Second, 200 * time.Millisecond
	each(wires, func(w *redistest.Wire) { w.Delay(late) })
	h := hold(t, q, lockFor("a", ttl), time.Hour)
	first := h.Until()
	eventually(t, "it was extended twice", func() bool {
		until := h.Until()
		if most := time.Now().Add(ttl - drift(ttl, 0.01) - late); until.After(most) {
			t.Fatalf("the validity reaches %v too far", until.Sub(most))
		}
		return until.Sub(first) > ttl/2
	})
	h.Release()
}

// TestAShortHoldIsNotExtendedInALoop: redlock-universal 0.8.5 does that for ttls
// up to 1250 ms. A busy machine may lose the lock, which is no fault here.
func TestAShortHoldIsNotExtendedInALoop(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...)})
	warm(t, q)
	const ttl = 200 * time.Millisecond
	before, begin := calls(t, servers, "evalsha"), time.Now()
	h := hold(t, q, lockFor("a", ttl), time.Hour)
	first := h.Until()
	eventually(t, "it was extended some ten times", func() bool { return h.Over() || h.Until().Sub(first) > 3*ttl })
	h.Release()
	settled(t, q)
	sent, took := calls(t, servers, "evalsha")-before, time.Since(begin)
	// It takes, extends and releases; one that failed is tried again after ttl/16.
	if most := 3 * (3 + int64(took/(ttl/16))); sent > most {
		t.Errorf("in %v there were %d requests at three nodes, want at most %d", took, sent, most)
	}
}

// TestShortTTLsAreHeldToTheirEnd: in rslock 0.7, ttl - 500 ms wraps around when
// the ttl is shorter.
func TestShortTTLsAreHeldToTheirEnd(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...)})
	warm(t, q)
	least, _ := q.TTLs()
	for _, ttl := range []time.Duration{least, 10 * time.Millisecond, 100 * time.Millisecond, 499 * time.Millisecond, 509 * time.Millisecond} {
		r := Request{Resource: "a", TTL: ttl, Owned: true}
		g, err := q.Lock(t.Context(), r)
		if errors.Is(err, ErrTooLate) || errors.Is(err, ErrNoQuorum) && ttl < patient/100 {
			wantNoKeys(t, servers)
			continue // too short for a busy machine
		} else if err != nil {
			t.Fatal(err)
		}
		left := make(chan time.Duration, 1)
		h := q.Hold(g, ttl, time.Hour, func(h *Hold, _ error) { left <- time.Until(h.Until()) })
		eventually(t, "it was extended or lost", func() bool {
			until := h.Until()
			if reach := time.Until(until); reach > ttl {
				t.Fatalf("a ttl of %v is held for %v", ttl, reach)
			}
			return h.Over() || until.Sub(g.Until) > ttl
		})
		h.Release()
		if h.Lost() {
			if early := <-left; early > ttl/5 {
				t.Errorf("a ttl of %v was given up %v before its end", ttl, early)
			}
		}
		settled(t, q)
		wantNoKeys(t, servers)
	}
}

// TestAFailedExtendReleasesNothing: redlock-rb and rslock 0.7, and redsync until
// PR #151, release everywhere when too few nodes extended.
func TestAFailedExtendReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*redistest.Wire, bool){
		"no connection": (*redistest.Wire).Refuse,
		"no reply":      (*redistest.Wire).LoseReplies,
	} {
		servers, wires, q := wired(t, 5, Options{}, soundRules())
		g := mustLock(t, q, lockFor("a", time.Minute))
		settled(t, q)
		each(wires[:3], func(w *redistest.Wire) { fault(w, true) })
		r := Request{Resource: "a", Token: g.Token, TTL: time.Minute}
		_, err := q.Extend(t.Context(), r)
		wantErr(t, name+": Extend", err, ErrNoQuorum)
		each(wires, func(w *redistest.Wire) { fault(w, false); w.Cut() })
		eventually(t, name+": Extend with all nodes", func() bool {
			_, err := q.Extend(t.Context(), r)
			if errors.Is(err, ErrNotHeld) {
				t.Fatal(name + ": the lock was released")
			}
			return err == nil
		})
		settled(t, q)
		for i, v := range holders(t, servers, "a") {
			if v == "" {
				t.Errorf("%s: node %d has the lock no more", name, i+1)
			}
		}
		mustUnlock(t, q, g)
	}
}

// TestAFailedUnlockCanBeRepeated: redis-py 8.1 (#3847) forgets the token
// before it asks the node; after an error nobody can release the lock.
func TestAFailedUnlockCanBeRepeated(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		servers, wires, q := wired(t, 3, Options{}, soundRules())
		var g Grant
		if r := lockFor("a", time.Minute); held {
			g = hold(t, q, r, time.Hour).grant
		} else {
			g = mustLock(t, q, r)
		}
		settled(t, q)
		each(wires, func(w *redistest.Wire) { w.Refuse(true) })
		r := Request{Resource: "a", Token: g.Token}
		for range 2 {
			wantErr(t, "Unlock without any node", q.Unlock(t.Context(), r), ErrNoQuorum)
		}
		// Through another process, as this one releases on its own in the end.
		mustUnlock(t, open(t, Options{Nodes: at(addresses(servers)...)}), g)
		each(wires, func(w *redistest.Wire) { w.Refuse(false) })
		eventually(t, "it can be asked again", func() bool {
			err := q.Unlock(t.Context(), r)
			return errors.Is(err, ErrNotHeld)
		})
		wantNoKeys(t, servers)
	}
}

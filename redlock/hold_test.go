package redlock

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// holder is a Hold and what became of it.
type holder struct {
	*Hold
	grant Grant
	ended chan error
	left  chan time.Duration // of the validity when it ended
}

func hold(t *testing.T, q *Quorum, r Request, most time.Duration) *holder {
	t.Helper()
	r.Owned = true
	h := &holder{ended: make(chan error, 1), left: make(chan time.Duration, 1)}
	h.grant = mustLock(t, q, r)
	h.Hold = q.Hold(h.grant, r.TTL, most, func(hold *Hold, err error) {
		h.left <- time.Until(hold.Until())
		h.ended <- err
	})
	return h
}

// end waits until the Hold has ended by itself.
func (h *holder) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.ended:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the hold never ended")
		return nil
	}
}

func wantHeld(t *testing.T, q *Quorum, resource string) {
	t.Helper()
	_, err := q.Lock(t.Context(), lockFor(resource, time.Minute))
	wantErr(t, "a stranger's Lock", err, ErrHeld)
}

const holdTTL = 600 * time.Millisecond

func TestAHoldOutlastsItsTTL(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	for _, token := range []string{"", "mine"} {
		h := hold(t, q, Request{Resource: "a", Token: token, TTL: holdTTL}, time.Hour)
		first := h.Until()
		eventually(t, "it was extended for longer than three ttls", func() bool { return h.Until().Sub(first) > 3*holdTTL })
		wantHeld(t, q, "a")
		next := startWaiting(t, q, waitFor("a", time.Minute))
		h.Release()
		g, err := next.wait(t)
		if err != nil {
			t.Fatal(err)
		}
		mustUnlock(t, q, g)
		if len(h.ended) > 0 {
			t.Errorf("the hold ended by itself: %v", <-h.ended)
		}
	}
	settled(t, q)
	wantNoKeys(t, servers)
}

func TestAStoppedHoldLastsForItsTTL(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	h := hold(t, q, lockFor("a", holdTTL), time.Hour)
	h.Stop()
	wantHeld(t, q, "a")
	wantNoKeys(t, servers)
	if late := time.Since(h.Until()); late > 10*time.Second {
		t.Errorf("it took %v until the key was gone", late)
	}
}

// TestAHoldIsLostInTime: its holder hears of it while it still holds.
func TestAHoldIsLostInTime(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	h := hold(t, q, lockFor("a", 2*time.Second), time.Hour)
	for _, s := range servers[:3] {
		s.Pause()
	}
	err := h.end(t)
	if left := <-h.left; !errors.Is(err, ErrLost) || left <= 0 {
		t.Errorf("ended with %v, %v before the end of its validity", err, left)
	}
	for _, s := range servers[:3] {
		s.Resume()
	}
}

// TestAHoldSurvivesTheLossOfAMinority of the nodes.
func TestAHoldSurvivesTheLossOfAMinority(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 5, Options{NodeTimeout: 100 * time.Millisecond}, soundRules())
	h := hold(t, q, lockFor("a", holdTTL), time.Hour)
	for _, w := range wires[:2] {
		w.Refuse(true)
		w.Cut()
	}
	until := h.Until()
	eventually(t, "it is extended by the others", func() bool { return h.Until().Sub(until) > 2*holdTTL })
	wantHeld(t, q, "a")
	h.Release()
}

func TestAHoldIsNotHeldForLongerThanAllowed(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	const most = 1500 * time.Millisecond
	h := hold(t, q, lockFor("a", holdTTL), most)
	allowed := h.grant.Asked().Add(most)
	token := Request{Resource: "a", Token: h.grant.Token, TTL: time.Minute}
	g, err := q.Extend(t.Context(), token)
	if err != nil || g.Until.After(allowed) {
		t.Errorf("an Extend of it reaches %v beyond what is allowed: %v", g.Until.Sub(allowed), err)
	}
	err = h.end(t)
	if left := <-h.left; !errors.Is(err, ErrLost) || left <= 0 {
		t.Errorf("ended with %v, %v before the end of its validity", err, left)
	}
	if left := time.Until(allowed); left < 0 || left > most/2 {
		t.Errorf("it ended %v before what is allowed", left)
	}
	wantNoKeys(t, servers)
}

// TestExtendSetsTheTTLOfAHold: from then on it is extended for that. Somebody
// with the token in another process does not disturb it.
func TestExtendSetsTheTTLOfAHold(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	h := hold(t, q, lockFor("a", holdTTL), time.Hour)
	r := Request{Resource: "a", Token: h.grant.Token, TTL: 3 * holdTTL}
	if _, err := q.Extend(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	first := h.Until()
	if left := time.Until(first); left < 2*holdTTL {
		t.Errorf("after an Extend to %v it is valid for %v", r.TTL, left)
	}
	eventually(t, "it goes on with the new ttl", func() bool { return h.Until().Sub(first) > 2*holdTTL })
	if _, err := other.Extend(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	first = h.Until()
	eventually(t, "it goes on after another's Extend", func() bool { return h.Until().Sub(first) > 2*holdTTL })
	h.Release()
	settled(t, q)
	wantNoKeys(t, servers)
}

func TestAnUnlockEndsAHold(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	h := hold(t, q, lockFor("a", holdTTL), time.Hour)
	mustUnlock(t, q, h.grant)
	if err := h.end(t); err != nil {
		t.Errorf("after Unlock it ended with %v", err)
	}
	h = hold(t, q, lockFor("a", holdTTL), time.Hour)
	mustUnlock(t, other, h.grant)
	if err := h.end(t); !errors.Is(err, ErrLost) {
		t.Errorf("after Unlock through another process it ended with %v", err)
	}
	wantNoKeys(t, servers)
}

// takenUp lets another connection take up a held lock by its token, in one of
// several ways, ends the first hold in the way given, and tells on how many of
// five nodes the lock stands then.
func takenUp(t *testing.T, owned, sameProcess bool, kind string) (*holder, int) {
	t.Helper()
	servers, q := five(t)
	other := q
	if !sameProcess {
		other = open(t, Options{Nodes: at(addresses(servers)...)})
	}
	mine := Request{Resource: "a", Token: "mine", TTL: time.Minute}
	first := hold(t, q, mine, time.Hour)
	if owned {
		hold(t, other, mine, time.Hour)
	} else {
		mustLock(t, other, mine)
	}
	settled(t, other)
	if kind == byOwner {
		first.Release()
	} else {
		q.releaseOwned(first.Hold, kind)
	}
	settled(t, q)
	n := 0
	for _, v := range holders(t, servers, "a") {
		if v != "" {
			n++
		}
	}
	return first, n
}

// TestALockThatWasTakenUpIsNotReleased when the connection ends that had it
// before.
func TestALockThatWasTakenUpIsNotReleased(t *testing.T) {
	t.Parallel()
	for _, owned := range []bool{false, true} {
		for _, sameProcess := range []bool{false, true} {
			name := fmt.Sprintf("owned %v, same process %v", owned, sameProcess)
			first, n := takenUp(t, owned, sameProcess, byOwner)
			if n != 5 {
				t.Errorf("%s: it stands on %d of 5 nodes", name, n)
			}
			if owned && sameProcess {
				if err := first.end(t); err != nil {
					t.Errorf("%s: the first hold ended with %v", name, err)
				}
			}
			// The control: by the token alone it would be gone.
			if _, n := takenUp(t, owned, sameProcess, byToken); n != 0 {
				t.Errorf("%s: a release by token left it on %d nodes: the test shows nothing", name, n)
			}
		}
	}
}

// TestHoldsAreExtendedTogether: a thousand of them cost a few pipelines.
func TestHoldsAreExtendedTogether(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient})
	const many = 1000
	var all []*holder
	for i := range many {
		all = append(all, hold(t, q, lockFor(fmt.Sprintf("r%d", i), 9*time.Second), time.Hour))
	}
	settled(t, q)
	before, extended := q.batches(), calls(t, servers, "evalsha")
	eventually(t, "all were extended", func() bool {
		for _, h := range all {
			if time.Until(h.Until()) < 5*time.Second {
				return false
			}
		}
		return calls(t, servers, "evalsha")-extended >= 3*many
	})
	if n := q.batches() - before; n > 3*many/5 {
		t.Errorf("%d extensions at each of three nodes took %d batches", many, n)
	}
	for _, h := range all {
		h.Release()
	}
	settled(t, q)
	wantNoKeys(t, servers)
}

// batches is how many pipelines have been sent to all nodes.
func (q *Quorum) batches() int {
	n := 0
	for _, d := range q.nodes {
		for _, l := range d.lanes {
			l.mu.Lock()
			n += l.turn
			l.mu.Unlock()
		}
	}
	return n
}

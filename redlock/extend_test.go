package redlock

import (
	"context"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestUndoTakesNothingFromAnExtension: a vote of the Lock whose reply was lost
// is owed an undo; when another proxy's Extend has counted that key meanwhile,
// the undo must find nothing.
func TestUndoTakesNothingFromAnExtension(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "mine"} {
		servers, wires, first := wired(t, 3, Options{NodeTimeout: 300 * time.Millisecond}, soundRules())
		second := open(t, Options{Nodes: at(addresses(servers)...)})
		warm(t, second)
		wires[2].LoseReplies(true)
		g := mustLock(t, first, Request{Resource: "a", Token: token, TTL: time.Minute})
		eventually(t, "the third node executed the acquire", func() bool { return holders(t, servers, "a")[2] != "" })
		settled(t, first)
		wires[2].Refuse(true)
		wires[2].LoseReplies(false)
		if _, err := second.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
		settled(t, second)
		wires[2].Refuse(false)
		paid(t, first)
		for i, v := range holders(t, servers, "a") {
			if v == "" {
				t.Errorf("token %q: the undo took the extension away from node %d", token, i+1)
			}
		}
		mustUnlock(t, first, g)
		settled(t, first)
		wantNoKeys(t, servers)
	}
}

// TestExtensionOutlivesTheUndoOfItsLock: the Lock's caller hangs up while it is
// under way, and an Extend with its token comes before the undo. Both may say
// what they like but not "extended" and then nothing.
func TestExtensionOutlivesTheUndoOfItsLock(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	ctx, hangUp := context.WithCancel(t.Context())
	q.StartLock(ctx, Request{Resource: "a", Token: "T", TTL: time.Minute, Session: 1}, func(Grant, error) {})
	extended := make(chan error, 1)
	q.StartExtend(Request{Resource: "a", Token: "T", TTL: time.Minute, Session: 2}, func(_ Grant, err error) { extended <- err })
	hangUp()
	if err := <-extended; err != nil {
		t.Fatalf("the schedule did not happen: %v", err)
	}
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock while the extension is valid", err, ErrHeld)
}

// TestFailedExtensionTakesNothingFromALaterGrant: what Extend releases when it
// says "not held" is what it found, not what the token gets later.
func TestFailedExtensionTakesNothingFromALaterGrant(t *testing.T) {
	t.Parallel()
	servers, wires, first := wired(t, 3, Options{NodeTimeout: 300 * time.Millisecond}, soundRules())
	second := open(t, Options{Nodes: at(addresses(servers)...)})
	wires[2].Refuse(true)
	r := Request{Resource: "a", Token: "T", TTL: time.Minute}
	_, err := first.Extend(t.Context(), r)
	wantErr(t, "Extend before any Lock", err, ErrNotHeld)
	settled(t, first) // or the third node might run it behind the Lock that is to come
	mustLock(t, second, r)
	settled(t, second)
	wires[2].Refuse(false)
	paid(t, first)
	for i, v := range holders(t, servers, "a") {
		if v == "" {
			t.Errorf("the failed extension took the grant away from node %d", i+1)
		}
	}
}

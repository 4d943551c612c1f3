package redlock

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestLateLanesShedLocksAndNothingElse: when requests wait too long for their
// turn, new Locks are refused at no cost to the nodes; what frees and keeps locks
// goes on, and nobody is told that there is no quorum.
func TestLateLanesShedLocksAndNothingElse(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{NodeTimeout: 4 * time.Second}, soundRules())
	held := mustLock(t, q, lockFor("held", time.Minute))
	kept := mustLock(t, q, lockFor("kept", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(100 * time.Millisecond) })
	const crowd = 6000 // a dozen batches for each lane, the last of which wait for more than a second
	var granted, shed atomic.Int64
	var work sync.WaitGroup
	work.Add(crowd)
	grants := make(chan Grant, crowd)
	for i := range crowd {
		q.StartLock(t.Context(), lockFor(fmt.Sprintf("r%d", i), time.Minute), func(g Grant, err error) {
			switch {
			case err == nil:
				granted.Add(1)
				grants <- g
			case errors.Is(err, ErrOverloaded):
				shed.Add(1)
			default:
				t.Errorf("Lock: %v", err)
			}
			work.Done()
		})
	}
	eventually(t, "the lanes of the lock are late", func() bool { return q.overloaded("held") })
	_, err := q.Lock(t.Context(), lockFor("held", time.Minute))
	wantErr(t, "a Lock more", err, ErrOverloaded)
	mustUnlock(t, q, held)
	if _, err := q.Extend(t.Context(), Request{Resource: "kept", Token: kept.Token, TTL: time.Minute}); err != nil {
		t.Errorf("Extend: %v", err)
	}
	each(wires, func(w *redistest.Wire) { w.Delay(0) })
	work.Wait()
	if granted.Load()+shed.Load() != crowd || granted.Load() == 0 {
		t.Errorf("%d granted and %d shed of %d", granted.Load(), shed.Load(), crowd)
	}
	eventually(t, "there is room again", func() bool { return !q.overloaded("held") })
	close(grants)
	for g := range grants {
		q.Undo(g)
	}
	mustUnlock(t, q, kept)
	settled(t, q)
	wantNoKeys(t, servers)
}

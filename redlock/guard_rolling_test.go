package redlock

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestARollingRestartUnderLoad restarts five nodes empty, each when all vote
// again: locks go on all the time, and no two clients hold one. What the
// operator waits for is what Nodes says.
func TestARollingRestartUnderLoad(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	one, two := guarded(t, servers), guarded(t, servers)
	var work sync.WaitGroup
	var pairs, overlaps atomic.Int64
	stop := make(chan struct{})
	holders := make([]atomic.Int64, 4)
	for i := range 8 {
		q, k := []*Quorum{one, two}[i%2], i%len(holders)
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r := lockFor(fmt.Sprint("r", k), short)
				r.Block = patient
				g, err := q.Lock(t.Context(), r)
				if err != nil {
					t.Errorf("Lock during the restarts: %v", err)
					return
				}
				if holders[k].Add(1) > 1 && time.Now().Before(g.Until) {
					overlaps.Add(1)
				}
				time.Sleep(time.Millisecond) // the work under the lock
				holders[k].Add(-1)
				if err := q.Unlock(t.Context(), Request{Resource: r.Resource, Token: g.Token}); err != nil {
					t.Errorf("Unlock during the restarts: %v", err)
				}
				pairs.Add(1)
			}
		})
	}
	for i, s := range servers {
		began, before := time.Now(), pairs.Load()
		restartEmpty(t, s)
		for _, q := range []*Quorum{one, two} {
			eventually(t, "the node is quarantined", func() bool { return q.Nodes()[i].State == StateQuarantined })
		}
		wantStates(t, one, StateAdmitted, StateAdmitted, StateAdmitted, StateAdmitted, StateAdmitted)
		t.Logf("node %d votes again after %v, %d locks meanwhile", i+1, time.Since(began).Round(time.Millisecond), pairs.Load()-before)
	}
	close(stop)
	work.Wait()
	if n := overlaps.Load(); n > 0 {
		t.Errorf("%d times two held one lock", n)
	}
}

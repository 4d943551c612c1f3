package redlock

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestCloseLeavesNothing is not parallel: it counts goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	wantNoGoroutines(t)
	servers := redistest.Start(t, 5)
	q, err := New(t.Context(), Options{Nodes: at(addresses(servers)...), NodeTimeout: 300 * time.Millisecond, FirstStart: FirstStartForce})
	if err != nil {
		t.Fatal(err)
	}
	warm(t, q)
	servers[0].Kill()
	servers[1].Pause()

	var work sync.WaitGroup
	stop := make(chan struct{})
	for i := range 20 {
		resource := string(rune('a' + i))
		work.Go(func() {
			for {
				g, err := q.Lock(t.Context(), lockFor(resource, time.Minute))
				if err == nil {
					err = q.Unlock(t.Context(), Request{Resource: resource, Token: g.Token})
				}
				if err != nil {
					t.Errorf("%v", err)
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	close(stop)
	work.Wait()
	if err := q.Close(ctx); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := q.Lock(t.Context(), lockFor("z", time.Minute)); !errors.Is(err, ErrClosed) {
		t.Errorf("Lock after Close: %v", err)
	}
	if err := q.Close(ctx); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	wantNoGoroutines(t)
	wantNoKeys(t, servers[2:])
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.Delay(100 * time.Millisecond) })
	granted := make(chan error, 1)
	q.StartLock(t.Context(), Request{Resource: "a", Token: "t", TTL: time.Minute}, func(_ Grant, err error) { granted <- err })
	released := make(chan error, 1)
	q.StartUnlock(Request{Resource: "a", Token: "t"}, func(err error) { released <- err })
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-granted; err != nil {
		t.Errorf("Lock: %v", err)
	}
	if err := <-released; err != nil {
		t.Errorf("Unlock: %v", err)
	}
	wantNoKeys(t, servers)
}

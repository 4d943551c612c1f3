package interop

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/redlock"
)

// world is five nodes with our library and another one on them.
type world struct {
	nodes  []*redistest.Server
	ours   *redlock.Quorum
	theirs library
}

func newWorld(t *testing.T, open func(*testing.T, []string) library) *world {
	w := &world{nodes: redistest.Start(t, 5)}
	var addresses []string
	var nodes []redlock.Node
	for _, s := range w.nodes {
		n, err := redlock.ParseNode("redis://" + s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		addresses, nodes = append(addresses, s.Addr()), append(nodes, n)
	}
	var err error
	// A time-out that a busy machine does not reach, as none is wanted here.
	w.ours, err = redlock.New(t.Context(), redlock.Options{Nodes: nodes, NodeTimeout: 5 * time.Second, FirstStart: redlock.FirstStartForce})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ours.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := w.ours.Close(ctx); err != nil {
			t.Errorf("close our quorum: %v", err)
		}
	})
	w.theirs = open(t, addresses)
	return w
}

// lockOurs takes the resource, which must be free.
func (w *world) lockOurs(t *testing.T, r redlock.Request) redlock.Grant {
	t.Helper()
	g, err := w.ours.Lock(t.Context(), r)
	if err != nil {
		t.Fatalf("our Lock: got %v, want a grant", err)
	}
	return g
}

// lockTheirs takes the resource, which must be free.
func (w *world) lockTheirs(t *testing.T, resource string, ttl time.Duration) (value string) {
	t.Helper()
	value, err := w.theirs.lock(t.Context(), resource, ttl)
	if err != nil {
		t.Fatalf("their lock: got %v, want it held", err)
	}
	return value
}

// wantValue asserts that a majority of the nodes comes to have the value, as a
// plain string under the very name of the resource, and that the others come to
// have no such key: one of them may have been taken for a moment by who was
// refused, or not been released yet by who held the resource before.
func (w *world) wantValue(t *testing.T, resource, value string) {
	t.Helper()
	var found []string
	reached := eventually(t, func() bool {
		found = found[:0]
		have, free := 0, 0
		for _, n := range w.nodes {
			kind, got := n.Client().Type(t.Context(), resource).Val(), n.Client().Get(t.Context(), resource).Val()
			found = append(found, fmt.Sprintf("%s %q", kind, got))
			if kind == "string" && got == value {
				have++
			} else if kind == "none" {
				free++
			}
		}
		return have >= w.ours.Needed() && have+free == len(w.nodes)
	})
	if !reached {
		t.Fatalf("nodes: got %v, want string %q on %d and none on the rest", found, value, w.ours.Needed())
	}
}

// wantLeft asserts that a majority of the nodes keeps the resource for longer
// than least.
func (w *world) wantLeft(t *testing.T, resource string, least time.Duration) {
	t.Helper()
	var left []time.Duration
	reached := eventually(t, func() bool {
		left = left[:0]
		enough := 0
		for _, n := range w.nodes {
			d := n.Client().PTTL(t.Context(), resource).Val()
			left = append(left, d)
			if d > least {
				enough++
			}
		}
		return enough >= w.ours.Needed()
	})
	if !reached {
		t.Fatalf("nodes: got %v left, want more than %v on %d", left, least, w.ours.Needed())
	}
}

// wantFree asserts that no node keeps the resource for long.
func (w *world) wantFree(t *testing.T, resource string) {
	t.Helper()
	for _, n := range w.nodes {
		var err error
		if !eventually(t, func() bool {
			err = n.Client().Get(t.Context(), resource).Err()
			return err == redis.Nil
		}) {
			t.Fatalf("node %s: got %v, want no such key", n.Addr(), err)
		}
	}
}

// eventually polls until ok holds, and reports whether it did.
func eventually(t *testing.T, ok func() bool) bool {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

package main

import (
	"testing"
	"time"

	"redlock-proxy/bench/stage"
)

// TestEveryPeerLocks is a run too short to measure anything: it shows that all
// peers lock and unlock without an error, over the connections they claim.
func TestEveryPeerLocks(t *testing.T) {
	p := plan{callers: []int{1, 3}, rounds: 1, time: 100 * time.Millisecond}
	s, err := stage.Open(t.Context(), stage.Options{})
	if err != nil {
		t.Fatalf("open the stage: %v; if something is not installed, run sh test.sh", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	results, err := measureAll(t.Context(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(results), len(p.callers)*len(openers()); got != want {
		t.Errorf("got %d measurements, want %d", got, want)
	}
	for _, m := range results {
		if m.pairs == 0 || m.errors > 0 {
			t.Errorf("%s, %d callers: got %d pairs and %d errors, the first: %v", m.peer, m.callers, m.pairs, m.errors, m.first)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"redlock-proxy/bench/stage"
)

// TestOnStage has one stage for all, as it takes longest to set up.
func TestOnStage(t *testing.T) {
	s, err := stage.Open(t.Context(), stage.Options{Proxies: 2})
	if err != nil {
		t.Fatalf("open the stage: %v; if something is not installed, run sh test.sh", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	t.Run("every peer waits", func(t *testing.T) { everyPeerWaits(t, s) })
	t.Run("waiters are woken", func(t *testing.T) { waitersAreWoken(t, s) })
	t.Run("a broken lock is noticed", func(t *testing.T) { aBrokenLockIsNoticed(t, s) })
}

// short is a plan too short to measure anything.
func short(peers []peer) plan {
	return plan{
		contenders: []int{4}, rounds: 1, hold: time.Millisecond, pause: time.Millisecond,
		warmUp: 100 * time.Millisecond, time: 300 * time.Millisecond, proxies: 2, peers: peers,
	}
}

// everyPeerWaits shows that all peers wait, lock and release without a failure,
// over the connections they claim.
func everyPeerWaits(t *testing.T, s *stage.Stage) {
	p := short(peers())
	results, err := measureAll(t.Context(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(results), len(peers()); got != want {
		t.Errorf("got %d measurements, want %d", got, want)
	}
	for _, m := range results {
		if m.locks == 0 || len(m.waits) == 0 || m.record.failures > 0 {
			t.Errorf("%s: got %d locks, %d waits and %d failures, the first: %v",
				m.peer.name, m.locks, len(m.waits), m.record.failures, m.record.first)
		}
		if m.held < p.hold {
			t.Errorf("%s: held for %v, want at least %v", m.peer.name, m.held, p.hold)
		}
		if m.peer.proxy && (m.trip.hot <= 0 || m.trip.rested <= 0) {
			t.Errorf("%s: got round trips of %v, want some", m.peer.name, m.trip)
		}
		if m.calls["get"]+m.calls["set"] == 0 {
			t.Errorf("%s: got the calls %v, want locks among them", m.peer.name, m.calls)
		}
	}
}

func waitersAreWoken(t *testing.T, s *stage.Stage) {
	const times = 5
	ways, err := wakeUps(t.Context(), s, times)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range ways {
		if w.times != times || w.median <= 0 || w.p99 < w.median {
			t.Errorf("got %+v, want %d wakings and their times", w, times)
		}
	}
}

// loose is a lock that each contender has of his own.
type loose struct{ locker }

func (l loose) contender(i int, resource string) contender {
	return l.locker.contender(i, fmt.Sprintf("%s:%d", resource, i))
}

func aBrokenLockIsNoticed(t *testing.T, s *stage.Stage) {
	_, err := measureAll(t.Context(), s, short([]peer{
		inProcess("loose", 1, func(ctx context.Context, t turn) (locker, error) {
			l, err := openRedislock(ctx, t)
			return loose{l}, err
		}),
	}))
	if err == nil || !strings.Contains(err.Error(), "the lock is broken") {
		t.Errorf("got %v, want that the lock is broken", err)
	}
}

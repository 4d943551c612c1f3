package proof

import (
	"net"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// vanish lets the actor's host vanish, without a FIN and with nobody left to
// answer for it.
func (a *actor) vanish(t *testing.T) {
	t.Helper()
	a.line.mu.Lock()
	defer a.line.mu.Unlock()
	vanish(t, a.line.raw.(*net.TCPConn))
}

// TestHostThatVanished: TCP finds out within some 15 s. Until then what it kept
// is kept, as it may still be at work; then the lock ends with its ttl, and the
// others go on.
func TestHostThatVanished(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*scene){
		"holding": vanishHolding,
		"waiting": vanishWaiting,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := three(2).scene(t)
			play(s)
			judge(t, "vanished "+name, history.Rules{}, s.recorder.Ops())
		})
	}
}

const found = 25 * time.Second // 15 s, and what a busy machine adds

func vanishHolding(s *scene) {
	holder, next := s.actor(s.proxies[0]), s.actor(s.proxies[1])
	mine := ask{resource: "r", ttl: 2 * time.Second, keep: true}
	s.insist(holder, mine)
	holder.vanish(s.T)
	began := time.Now()
	s.insist(next, ask{resource: "r", ttl: 2 * time.Second, wait: []any{"BLOCK", 2000}})
	if took := time.Since(began); took < mine.ttl || took > found {
		s.Errorf("the next had the lock after %v, want between 2 s (it was extended) and %v", took, found)
	}
}

// vanishWaiting: whoever waits is granted the lock at last, and does not hear.
func vanishWaiting(s *scene) {
	holder, gone, next := s.actor(s.proxies[0]), s.actor(s.proxies[0]), s.actor(s.proxies[0])
	held := s.insist(holder, ask{resource: "r", ttl: 20 * time.Second})
	s.insist(gone, ask{resource: "other", ttl: time.Second}) // its connection is made
	lost := gone.later(ask{resource: "r", ttl: 2 * time.Second, keep: true, token: "gone", wait: []any{"BLOCK", 0}})
	s.awaitWaiting(s.proxies[0], 1)
	gone.vanish(s.T)
	s.want(holder.unlock(held), history.Yes)
	began := time.Now()
	s.insist(next, ask{resource: "r", ttl: 2 * time.Second, wait: []any{"BLOCK", 2000}})
	if took := time.Since(began); took > found {
		s.Errorf("the next had the lock after %v, want %v at the most", took, found)
	}
	gone.line.cut()
	s.want(<-lost, history.Unknown)
}

package proof

import (
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/proof/history"
)

// TestRepliesDoNotComeBack: a proxy reaches a majority of the nodes, which do
// what it says, and no answer reaches it.
func TestRepliesDoNotComeBack(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*redistest.Wire, bool){
		"and are lost": (*redistest.Wire).LoseReplies,
		"as nothing arrives any more": func(w *redistest.Wire, on bool) {
			w.LoseReplies(on)
			w.HoldRequests(on)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := three(2).scene(t)
			oneWay(s, lose)
			judge(t, "one-way", history.Rules{}, s.recorder.Ops())
		})
	}
}

func oneWay(s *scene, lose func(*redistest.Wire, bool)) {
	deaf, other := s.actor(s.proxies[0]), s.actor(s.proxies[1])
	cut := func(on bool) {
		for _, w := range s.proxies[0].wires[:2] {
			lose(w, on)
		}
	}
	held := s.insist(deaf, ask{resource: "held", ttl: 20 * time.Second, token: "held"})
	s.insist(deaf, ask{resource: "released", ttl: 20 * time.Second, token: "released"})
	cut(true)

	// Nobody can tell: neither yes nor no may be said.
	s.want(deaf.extend(held, 30*time.Second), history.Unknown)
	s.want(deaf.unlock(history.Op{Resource: "released", Token: "released"}), history.Unknown)
	s.want(deaf.lock(ask{resource: "asked", ttl: 20 * time.Second, token: "asked"}), history.Unknown)
	// What stood before, stands.
	s.want(other.lock(ask{resource: "held", ttl: time.Second}), history.No)
	s.want(other.extend(held, 20*time.Second), history.Yes)

	cut(false)
	// What it could not take back or release it does now, long before the ttl.
	soon := ask{ttl: 10 * time.Second, wait: []any{"BLOCK", 4000}}
	for _, resource := range []string{"asked", "released"} {
		soon.resource, soon.token = resource, "other"
		s.insist(other, soon)
	}
	s.want(other.lock(ask{resource: "held", ttl: time.Second}), history.No)
	eventually(s.T, "the proxy hears the nodes again", func() bool {
		return deaf.extend(held, 20*time.Second).Outcome == history.Yes
	})
	s.want(deaf.unlock(held), history.Yes)
}

package proof

import (
	"strings"
	"testing"

	"redlock-proxy/proof/history"
)

// TestTwoVersions: a proxy that writes, and knows, records of the former format
// works beside one of today until a node forgets. That node it does without, and
// says why; with the others it goes on.
func TestTwoVersions(t *testing.T) {
	t.Parallel()
	p := guarded(1)
	today := p.binary
	p.binary, p.env = built.broken, []string{"REDLOCK_BREAK=format-1"}
	s := p.scene(t)
	binary, err := today()
	if err != nil {
		t.Fatal(err)
	}
	former := s.actor(s.proxies[0])
	s.want(former.unlock(s.insist(former, ask{resource: "r", ttl: longest})), history.Yes)
	s.proxies = append(s.proxies, s.newProxy(binary, nil, p.args))
	later := s.actor(s.proxies[1])

	held := s.insist(later, ask{resource: "r", ttl: longest}) // Nobody had to wait for anything.
	s.want(former.lock(ask{resource: "r", ttl: longest}), history.No)
	s.want(former.extend(held, longest), history.Yes)
	s.want(former.unlock(held), history.Yes)
	for i, n := range s.nodes {
		if got := n.Client().HGet(s.Context(), "__redlock:member", "format").Val(); got != "1" {
			t.Errorf("node %d remembers all and has format %q", i, got)
		}
	}

	s.admin(s.nodes[0], "FLUSHALL")
	s.awaitInfo(s.proxies[0], "upgrade this one")
	s.want(later.unlock(s.insist(later, ask{resource: "r", ttl: longest})), history.Yes)
	s.want(former.unlock(s.insist(former, ask{resource: "r", ttl: longest})), history.Yes)
	s.awaitInfo(s.proxies[1], "next_restart_safe:yes")
	s.nodes[1].Kill() // Now the former has one node of three, and the later two.
	s.insist(later, ask{resource: "r", ttl: longest})
	s.want(former.lock(ask{resource: "s", ttl: longest}), history.Unknown)
	judge(t, "two-versions", forgets, s.recorder.Ops())
}

// awaitInfo waits until INFO redlock of a proxy says so.
func (s *scene) awaitInfo(p *proxy, text string) {
	s.Helper()
	l := newLine(p.address, patience)
	defer func() { _ = l.rdb.Close() }()
	eventually(s.T, "INFO redlock says "+text, func() bool {
		return strings.Contains(l.rdb.Info(s.Context(), "redlock").Val(), text)
	})
}

package proof

import (
	"fmt"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// control is a course of events that a sound proxy survives, and one with a
// broken rule does not. Those who play it note what they are told and expect
// nothing.
type control struct {
	rule  string // as REDLOCK_BREAK names it
	name  string
	plan  plan
	rules history.Rules
	play  func(*scene)
}

func controls() []control {
	way := new(detour)
	return []control{
		{rule: "half-quorum", name: "two sides", plan: guarded(2), play: bothSides},
		{rule: "no-drift", name: "a grant", plan: three(1), play: oneGrant},
		{rule: "undo-by-token", name: "a late undo", plan: three(3), play: lateUndo},
		{rule: "extend-revives", name: "a late extension", plan: three(1), play: extendLate},
		{rule: "fence-incr", name: "majorities by turns", plan: three(1), play: fencesByTurns},
		{rule: "no-guard", name: "a node restarted empty", plan: guarded(2), rules: forgets, play: forgetful},
		{rule: "no-guard", name: "all nodes wiped", plan: guarded(2), rules: forgets, play: wipe},
		{rule: "no-guard", name: "all nodes wiped, and a proxy that starts", plan: guarded(2), rules: forgets, play: wipeAndStart},
		{rule: "no-guard", name: "a promoted replica", plan: detoured(way), rules: forgets, play: func(s *scene) { promote(s, way) }},
	}
}

// TestControlsOnTheProduct: no course of events is a violation by itself.
func TestControlsOnTheProduct(t *testing.T) {
	t.Parallel()
	for _, c := range controls() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := c.plan.scene(t)
			c.play(s)
			judge(t, c.name, c.rules, s.recorder.Ops())
		})
	}
}

// TestBrokenRulesAreNoticed: the same courses of events, by proxies each of
// which breaks the rule in question.
func TestBrokenRulesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range controls() {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			t.Parallel()
			c.plan.binary, c.plan.env = built.broken, []string{"REDLOCK_BREAK=" + c.rule}
			s := c.plan.scene(t)
			c.play(s)
			ops := s.recorder.Ops()
			if found := violations(c.rules, ops); found.none() {
				t.Errorf("no check notices that %s is broken:\n%v", c.rule, ops)
			}
		})
	}
}

// bothSides: two proxies, each of which reaches another node.
func bothSides(s *scene) {
	var sides []*actor
	for i, p := range s.proxies {
		s.reach(p, i)
		sides = append(sides, s.actor(p))
	}
	// Half a quorum may take a while to believe in itself.
	for end := time.Now().Add(2 * longest); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		granted := 0
		for _, a := range sides {
			if a.lock(ask{resource: "r", ttl: longest}).Outcome == history.Yes {
				granted++
			}
		}
		if granted == len(sides) {
			return
		}
	}
}

func oneGrant(s *scene) {
	s.actor(s.proxies[0]).lock(ask{resource: "r", ttl: time.Minute})
}

// lateUndo: a LOCK and its undoing are held on their way; the client has long
// got its lock through another proxy, with the same token, when they arrive.
func lateUndo(s *scene) {
	hold := func(on bool) {
		for _, w := range s.proxies[0].wires {
			w.HoldRequests(on)
		}
	}
	first, second, other := s.actor(s.proxies[0]), s.actor(s.proxies[1]), s.actor(s.proxies[2])
	mine := ask{resource: "r", ttl: 20 * time.Second, token: "token"}
	s.insist(first, ask{resource: "warm", ttl: time.Second})
	hold(true)
	first.lock(mine)
	second.lock(mine)
	hold(false)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if other.lock(ask{resource: "r", ttl: 20 * time.Second}).Outcome == history.Yes {
			return
		}
	}
}

// extendLate extends a lock that is over, and that nobody else has taken.
func extendLate(s *scene) {
	a := s.actor(s.proxies[0])
	held := s.insist(a, ask{resource: "r", ttl: 200 * time.Millisecond})
	s.awaitKeys("r", 0)
	eventually(s.T, "the lock is over by every clock", func() bool {
		return s.recorder.Now() > held.Return+held.TTL+20*time.Millisecond
	})
	a.extend(held, 200*time.Millisecond)
}

// forgetful: the lock is on two of three nodes, and one of the two is restarted
// empty.
func forgetful(s *scene) {
	s.hold(s.proxies[0])
	s.restart(s.nodes[1])
	s.insist(s.actor(s.proxies[1]), ask{resource: "r", ttl: longest})
}

// fencesByTurns lets ever other majorities grant, so that no node has counted
// all grants.
func fencesByTurns(s *scene) {
	p := s.proxies[0]
	a := s.actor(p)
	for _, turn := range []struct{ one, other, times int }{{0, 2, 5}, {0, 1, 2}, {1, 2, 1}} {
		s.reach(p, turn.one, turn.other)
		for i := range turn.times {
			held := s.insist(a, ask{resource: "r", ttl: time.Second, fence: true, token: fmt.Sprint(turn, i)})
			eventually(s.T, "the lock is released", func() bool { return a.unlock(held).Outcome != history.Unknown })
		}
	}
}

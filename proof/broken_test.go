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
	rule    string // as REDLOCK_BREAK names it
	ready   bool   // the product can break it
	proxies int
	args    []string
	rules   history.Rules
	play    func(*scene)
}

var controls = []control{
	{rule: "half-quorum", ready: hasBreaks, proxies: 2, play: bothSides},
	{rule: "no-drift", ready: hasBreaks, proxies: 1, play: oneGrant},
	{rule: "undo-by-token", ready: hasBreaks, proxies: 3, play: lateUndo},
	{rule: "extend-revives", ready: hasBreaks, proxies: 1, play: extendLate},
	{
		rule: "no-guard", ready: hasBreaks && hasGuard, proxies: 2, play: forgetful,
		args: []string{"--max-ttl=3s"}, rules: history.Rules{NodesForget: true},
	},
	{rule: "fence-incr", ready: hasBreaks && hasFences, proxies: 1, play: fencesByTurns},
}

// TestControlsOnTheProduct: no course of events is a violation by itself.
func TestControlsOnTheProduct(t *testing.T) {
	t.Parallel()
	for _, c := range controls {
		if c.rule == "no-guard" && !hasGuard || c.rule == "fence-incr" && !hasFences {
			continue
		}
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := three(c.proxies, c.args...).scene(t)
			c.play(s)
			judge(t, c.rule, c.rules, s.recorder.Ops())
		})
	}
}

// TestBrokenRulesAreNoticed: the same courses of events, by proxies each of
// which breaks the rule in question.
func TestBrokenRulesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range controls {
		if !c.ready {
			continue
		}
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			p := three(c.proxies, c.args...)
			p.binary, p.env = built.broken, []string{"REDLOCK_BREAK=" + c.rule}
			s := p.scene(t)
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
	for i, p := range s.proxies {
		s.reach(p, i)
		s.actor(p).lock(ask{resource: "r", ttl: 10 * time.Second})
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

// forgetful: the lock is on two of three nodes; one of the two is restarted
// empty, and the third, which stood still, is back.
func forgetful(s *scene) {
	a, b := s.actor(s.proxies[0]), s.actor(s.proxies[1])
	s.nodes[2].Pause()
	s.insist(a, ask{resource: "r", ttl: 3 * time.Second})
	for _, p := range s.proxies { // what is still on its way to the third is lost
		p.wires[2].Cut()
	}
	s.restart(s.nodes[1])
	s.nodes[2].Resume()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b.lock(ask{resource: "r", ttl: 3 * time.Second}).Outcome == history.Yes {
			return
		}
	}
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

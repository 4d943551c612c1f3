package proof

import (
	"context"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/proof/history"
)

// The scenes of this file are about nodes that may have forgotten locks. The
// longest ttl is what the proxies wait for then.
const longest = 2 * time.Second

var forgets = history.Rules{NodesForget: true}

// guarded are three nodes for proxies with that longest ttl.
func guarded(proxies int, args ...string) plan {
	return three(proxies, append(args, "--max-ttl="+longest.String())...)
}

// hold lets a client take a lock for the longest ttl on nodes 0 and 1 alone.
func (s *scene) hold(p *proxy) (*actor, history.Op) {
	s.Helper()
	a := s.actor(p)
	s.reach(p, 0, 1)
	held := s.insist(a, ask{resource: "r", ttl: longest})
	s.reach(p, 0, 1, 2)
	return a, held
}

// TestFirstStartWithANodeMissing: the missing one may hold what the others have
// forgotten, so nobody votes before that is over, unless an operator says so.
func TestFirstStartWithANodeMissing(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"auto", "wait", "force"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := guarded(2, "--first-start="+how)
			p.before = func(w *world) { w.nodes[2].Kill() }
			s := p.scene(t)
			began := time.Now()
			a := s.actor(s.proxies[1]) // The first has begun to wait before.
			held := s.insist(a, ask{resource: "r", ttl: longest})
			switch took := time.Since(began); {
			case how != "force" && took < longest/2:
				t.Errorf("the first lock was granted %v after the start, want %v", took, longest)
			case how == "force" && took > longest:
				t.Errorf("the first lock was granted %v after the start, want it at once", took)
			}
			s.want(a.unlock(held), history.Yes)
			s.restart(s.nodes[2])
			s.nodes[0].Kill() // Now its vote is needed.
			s.insist(s.actor(s.proxies[0]), ask{resource: "r", ttl: longest})
			judge(t, "first-start-"+how, forgets, s.recorder.Ops())
		})
	}
}

// wipe: all memory is lost but that of the proxies. Who holds a lock goes on
// holding it.
func wipe(s *scene) { wipeBeside(s, func(*proxy) {}) }

// wipeAndStart: one proxy survives, while another finds what looks to it like a
// first start.
func wipeAndStart(s *scene) { wipeBeside(s, (*proxy).renew) }

func wipeBeside(s *scene, newcomer func(*proxy)) {
	survivor, other := s.proxies[0], s.proxies[1]
	s.insist(s.actor(survivor), ask{resource: "r", ttl: longest})
	for _, n := range s.nodes {
		n.Kill()
	}
	for _, n := range s.nodes {
		s.restart(n)
	}
	newcomer(other)
	s.insist(s.actor(other), ask{resource: "r", ttl: longest})
}

// detoured is a world in which the way leads to the second node.
func detoured(way *detour) plan {
	p := guarded(2)
	p.before = func(w *world) {
		way.open(w.t, w.nodes[1].Addr())
		w.addresses[1] = way.address()
	}
	return p
}

// promote: behind the address of a node appears its replica, which was not told
// of the lock that its master had granted.
func promote(s *scene, way *detour) {
	master, replica := s.nodes[1], redistest.Start(s.T, 1)[0]
	stream := redistest.StartWire(s.T, master.Addr())
	host, port, _ := strings.Cut(stream.Addr(), ":")
	s.insist(s.actor(s.proxies[0]), ask{resource: "warm", ttl: time.Second}) // The record is there.
	s.admin(replica, "REPLICAOF", host, port)
	eventually(s.T, "the replica has what its master has", func() bool {
		info := replica.Client().Info(s.Context(), "replication").Val()
		return strings.Contains(info, "master_link_status:up")
	})
	stream.Refuse(true) // What comes now it will not have.
	_, held := s.hold(s.proxies[0])
	way.turn("")
	master.Kill()
	s.admin(replica, "REPLICAOF", "NO", "ONE")
	if n := replica.Client().Exists(s.Context(), held.Resource).Val(); n != 0 {
		s.Fatal("the replica was told of the lock: nothing is shown")
	}
	way.turn(replica.Addr())
	s.insist(s.actor(s.proxies[1]), ask{resource: "r", ttl: longest})
}

func (s *scene) admin(n *redistest.Server, words ...any) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if err := n.Client().Do(ctx, words...).Err(); err != nil {
		s.Fatal(err)
	}
}

// TestNodeForgetsWhatItExtends: a lock on a bare majority, one node of which is
// restarted. It can not be extended any more, and is nobody else's before the
// validity that its holder was told is over.
func TestNodeForgetsWhatItExtends(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"asked to": false, "by AUTOEXTEND": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := guarded(2).scene(t)
			forgetExtended(s, keep)
			judge(t, "extended "+name, forgets, s.recorder.Ops())
		})
	}
}

func forgetExtended(s *scene, keep bool) {
	p := s.proxies[0]
	a := s.actor(p)
	s.reach(p, 0, 1)
	held := s.insist(a, ask{resource: "r", ttl: longest, keep: keep})
	s.reach(p, 0, 1, 2)
	s.restart(s.nodes[1])
	if !keep {
		a.extend(held, longest)
	}
	s.insist(s.actor(s.proxies[1]), ask{resource: "r", ttl: longest})
}

// TestFlushedNodes is a random run in which nodes are flushed.
func TestFlushedNodes(t *testing.T) {
	t.Parallel()
	rounds(t, func(t *testing.T, seed uint64, lasts time.Duration) {
		r := common(seed)
		r.lasts = min(r.lasts, lasts)
		r.flushes = true
		ops := r.play(t)
		judge(t, seed, r.rules, ops)
		wantPower(t, ops)
	})
}

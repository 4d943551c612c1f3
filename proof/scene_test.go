package proof

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// scene is a world in which actors do one thing after the other.
type scene struct {
	*testing.T
	*world
	recorder *history.Recorder
	actors   int
	tokens   int
}

func (p plan) scene(t *testing.T) *scene {
	t.Helper()
	return &scene{T: t, world: p.open(t), recorder: history.NewRecorder()}
}

// three nodes and so many proxies, which have time to wait for a busy machine.
func three(proxies int, args ...string) plan {
	return plan{
		nodes: 3, proxies: proxies, binary: built.proxy,
		args: append([]string{"--node-timeout=500ms"}, args...),
	}
}

// actor is a client of one proxy.
type actor struct {
	*client
	line *line
}

func (s *scene) actor(p *proxy) *actor {
	c := newClient(s.actors, s.recorder, 2*patience, p.address)
	s.actors++
	s.Cleanup(c.close)
	return &actor{c, c.lines[0]}
}

func (a *actor) lock(r ask) history.Op          { return a.client.lock(a.line, r) }
func (a *actor) unlock(o history.Op) history.Op { return a.client.unlock(a.line, o) }
func (a *actor) extend(o history.Op, ttl time.Duration) history.Op {
	return a.client.extend(a.line, o, ttl)
}

// later lets the actor lock beside what follows.
func (a *actor) later(r ask) <-chan history.Op {
	done := make(chan history.Op, 1)
	go func() { done <- a.lock(r) }()
	return done
}

func (s *scene) want(o history.Op, outcome history.Outcome) history.Op {
	s.Helper()
	if o.Outcome != outcome {
		s.Fatalf("want %s: %v", outcome, o)
	}
	return o
}

// insist locks until that is granted, which it must be at last.
func (s *scene) insist(a *actor, r ask) (got history.Op) {
	s.Helper()
	eventually(s.T, fmt.Sprintf("client %d gets %s", a.id, r.resource), func() bool {
		got = a.lock(r)
		return got.Outcome == history.Yes
	})
	return got
}

// holders gives what each node has for a resource; "" is nothing.
func (s *scene) holders(resource string) (values []string) {
	for _, n := range s.nodes {
		ctx, cancel := context.WithTimeout(s.Context(), time.Second)
		values = append(values, n.Client().Get(ctx, resource).Val())
		cancel()
	}
	return values
}

// awaitKeys waits until so many nodes have a resource, or none.
func (s *scene) awaitKeys(resource string, want int) {
	s.Helper()
	eventually(s.T, fmt.Sprintf("%d nodes have %s", want, resource), func() bool {
		n := 0
		for _, value := range s.holders(resource) {
			if value != "" {
				n++
			}
		}
		return n == want
	})
}

// reach lets a proxy reach these nodes and no others, and waits until it does.
func (s *scene) reach(p *proxy, nodes ...int) {
	s.Helper()
	up := make(map[int]bool)
	for _, i := range nodes {
		up[i] = true
	}
	for i, w := range p.wires {
		w.Refuse(!up[i])
	}
	l := newLine(p.address, patience)
	defer func() { _ = l.rdb.Close() }()
	eventually(s.T, fmt.Sprintf("the proxy reaches nodes %v", nodes), func() bool {
		info := l.rdb.Info(s.Context(), "redlock").Val()
		for i := range p.wires {
			state := "down"
			if up[i] {
				state = "up"
			}
			if !strings.Contains(info, fmt.Sprintf("node%d:name=%s,state=%s", i, p.wires[i].Addr(), state)) {
				return false
			}
		}
		return true
	})
}

// awaitWaiting waits until so many wait at a proxy.
func (s *scene) awaitWaiting(p *proxy, want int) {
	s.Helper()
	l := newLine(p.address, patience)
	defer func() { _ = l.rdb.Close() }()
	eventually(s.T, fmt.Sprintf("%d wait", want), func() bool {
		return strings.Contains(l.rdb.Info(s.Context(), "clients").Val(), fmt.Sprintf("blocked_clients:%d\r\n", want))
	})
}

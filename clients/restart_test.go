package clients

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// reconnects is how long a client may take to come back to a proxy that does.
const reconnects = 15 * time.Second

// killedProxy is gone without a word, and comes back.
func (s *scene) killedProxy(t *testing.T) {
	s.overRestart(t, "killed", s.proxy.kill, s.proxy.awaitGone)
}

// drainedProxy ends as operators end it, and comes back.
func (s *scene) drainedProxy(t *testing.T) {
	s.overRestart(t, "drained", func() { s.proxy.terminate(t) }, s.proxy.awaitDrained)
}

// overRestart takes a lock, restarts the proxy, and goes on with the same
// client. One more lock is asked for while the proxy is away.
func (s *scene) overRestart(t *testing.T, name string, end func(), await func(*testing.T)) {
	before, after := name+":before", name+":after"
	token := s.wantLock(t, before)
	end()
	asked := call(lockWords(after, "TOKEN", "retry")...)
	s.driver.send(t, asked)
	await(t)
	s.proxy.restart(t)
	s.comeBack(t, asked)
	s.wantRefused(t, before)
	s.wantRefused(t, after)
	s.wantOnNodes(t, before, token, 0)
	s.wantCall(t, integer(1), "UNLOCK", before, token)
	s.wantCall(t, integer(1), "UNLOCK", after, "retry")
	s.wantNotOnNodes(t, before)
	s.wantNotOnNodes(t, after)
}

// comeBack receives the answer to a LOCK with a token, and asks again, as the
// token allows, until it is granted. Then it lets those connections fail that
// have not noticed yet that the proxy was away: each finds out by itself.
func (s *scene) comeBack(t *testing.T, asked request) {
	t.Helper()
	got := s.driver.receive(t, asked)
	if !eventually(reconnects, func() bool {
		lost := got.kind == 'x' || got.kind == 'e' && strings.HasPrefix(got.text, "LEAVING")
		if lost {
			got = s.driver.ask(t, asked)
		}
		return !lost
	}) {
		t.Fatalf("%s: no lock %v after the proxy was back: %v", s.client.name, reconnects, got)
	}
	s.wantGrant(t, got, asked.label)
	for _, r := range []request{call("PING", "back"), callers(many, "PING", "back")} {
		if !eventually(reconnects, func() bool {
			got = s.driver.ask(t, r)
			return got.kind != 'x' && !slices.ContainsFunc(got.items, func(r reply) bool { return r.kind == 'x' })
		}) {
			t.Fatalf("%s: connections are lost %v after the proxy was back: %v", s.client.name, reconnects, got)
		}
	}
}

// noQuorum must be told by its code. It comes last, as two nodes forget their
// locks.
func (s *scene) noQuorum(t *testing.T) {
	const resource = "jobs:45"
	for _, n := range s.nodes[:2] {
		n.Kill()
	}
	words := lockWords(resource, "TOKEN", "retry")
	s.wantError(t, s.driver.call(t, words...), "NOQUORUM 1 of 3 nodes answered, 2 needed: ", words...)
	for _, n := range s.nodes[:2] {
		if err := n.RestartEmpty(); err != nil {
			t.Fatal(err)
		}
	}
	// The proxy lets nobody vote who may have forgotten locks, unless it is told
	// at its start, as it is here, that there are none.
	s.proxy.terminate(t)
	s.proxy.awaitGone(t)
	s.proxy.restart(t)
	var got reply
	eventually(patience, func() bool {
		got = s.driver.call(t, words...)
		return got.kind != 'e' && got.kind != 'x'
	})
	s.wantGrant(t, got, words...)
}

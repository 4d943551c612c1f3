package clients

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// TestGrantsUnderWay has clients that give up when the nodes have been asked
// for their lock and have not answered yet. It is taken back before the next
// one is asked for.
func TestGrantsUnderWay(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T){}
	for _, token := range []bool{true, false} {
		tests[withToken("go-redis", token)] = func(t *testing.T) { underWay(t, token) }
	}
	together(t, tests)
}

func underWay(t *testing.T, token bool) {
	s, wires := startWired(t)
	resource := t.Name()
	holder := s.hold(t, resource)
	client := s.goRedisParty(t, "go-redis", redis.Options{ReadTimeout: time.Second})
	stranger, releaser := s.stranger(t), s.stranger(t)
	client.send(t, resend{token: token, block: patient}.words(resource)...)
	first := client.lock(t, 1)
	s.wantWaiting(t, first)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))

	holdAll(wires, true)
	releaser.send(t, "UNLOCK", resource, holder) // behind which the nodes are asked for the client
	s.wantWaiting(t, client.lock(t, 2))          // so the proxy has noticed the end of the first, too
	if !client.silent() || !stranger.silent() || !releaser.silent() {
		t.Fatal("somebody was answered without the nodes")
	}
	holdAll(wires, false)
	released := time.Now()

	s.wantGone(t, first)
	if got := releaser.receive(t); got.text != "1" {
		t.Errorf("UNLOCK: %v", got)
	}
	order := []*party{stranger, client}
	if token {
		order = []*party{client, stranger}
	}
	holder = wantToken(t, order[0].receive(t))
	if after := time.Since(released); after > soon {
		t.Errorf("the next had the lock after %v", after)
	}
	s.wantHeld(t, resource, holder)
	s.wantTurns(t, resource, holder, order[1:])
	s.wantClean(t, resource)
}

// startWired is a stage with a wire before each node.
func startWired(t *testing.T) (*stage, []*redistest.Wire) {
	t.Helper()
	var wires []*redistest.Wire
	flags := []string{maxBlock, fewWaiters}
	nodes := redistest.Start(t, 3)
	for _, n := range nodes {
		w := redistest.StartWire(t, n.Addr())
		wires = append(wires, w)
		flags = append(flags, "--node=redis://"+w.Addr())
	}
	s := startStageOf(t, nil, flags)
	s.nodes = nodes
	return s, wires
}

func holdAll(wires []*redistest.Wire, on bool) {
	for _, w := range wires {
		w.HoldRequests(on)
	}
}

package clients

import (
	"strings"
	"testing"
)

// ioredis is version 5 or 6 with its default options.
func ioredis(name string) client {
	return ioredisWith(name, "{}")
}

// ioredisWith has other options, as JSON.
func ioredisWith(name, options string) client {
	folder := strings.ReplaceAll(name, " ", "")
	protocol := 3
	if name == "ioredis 5" {
		protocol = 2
	}
	return nodeClient(name, protocol, "ioredis_options.mjs", "ioredis", folder, options)
}

// TestClientsWhoseConnectionEnds has those that never give up by themselves.
func TestClientsWhoseConnectionEnds(t *testing.T) {
	t.Parallel()
	s := startStage(t, 3, maxBlock, fewWaiters)
	tests := map[string]func(*testing.T){}
	for _, name := range []string{"ioredis 5", "ioredis 6"} {
		client := func(t *testing.T, s *stage) *party { return s.driverParty(t, ioredis(name)) }
		for _, token := range []bool{true, false} {
			cut := resend{client: client, token: token, block: patient, interrupt: (*tapped).cut}
			tests[withToken(name+" is cut off", token)] = func(t *testing.T) { cut.run(t, s) }
		}
		vanish := resend{client: client, token: true, block: patient, interrupt: (*tapped).vanish, deaf: true}
		tests[name+" is cut off unnoticed with TOKEN"] = func(t *testing.T) { vanish.run(t, s) }
		tests[name+" gives up"] = func(t *testing.T) { s.wantFlushed(t, name) }
	}
	tests["ioredis 5 with commandTimeout"] = s.commandTimeout
	together(t, tests)
}

// wantFlushed checks that a LOCK which the client has given up for lost, as it
// could not connect, is not sent when it can again.
func (s *stage) wantFlushed(t *testing.T, name string) {
	resource := t.Name()
	holder := s.hold(t, resource)
	client := s.driverParty(t, ioredisWith(name, `{"maxRetriesPerRequest":2}`))
	client.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	first := client.lock(t, 1)
	s.wantWaiting(t, first)
	client.away()
	first.cut()
	if got := client.receive(t); got.kind != 'x' || !strings.Contains(got.text, "max retries per request") {
		t.Errorf("got %v, want that the client has given up", got)
	}
	client.back(t)
	s.wantGone(t, first)
	if got := client.ask(t, "PING", "back"); got.text != "back" {
		t.Errorf("PING: %v", got)
	}
	stranger := s.stranger(t)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))
	s.wantTurns(t, resource, holder, []*party{stranger})
	s.wantClean(t, resource)
	client.wantLocks(t, 1)
}

// commandTimeout is an option that ends the promise and not the command: the
// LOCK goes on. With TOKEN the next one on the same connection takes its place.
func (s *stage) commandTimeout(t *testing.T) {
	resource := t.Name()
	holder := s.hold(t, resource)
	client := s.driverParty(t, ioredisWith("ioredis 5", `{"commandTimeout":1000}`))
	stranger := s.stranger(t)
	words := resend{token: true, block: patient}.words(resource)
	client.send(t, words...)
	first := client.lock(t, 1)
	s.wantWaiting(t, first)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))
	if got := client.receive(t); got.kind != 'x' {
		t.Errorf("got %v, want that the command timed out", got)
	}
	s.wantWaiting(t, first)
	client.send(t, words...)
	if client.lock(t, 2) != first {
		t.Error("the client has a new connection")
	}
	first.awaitReply(t, "*-1\r\n") // to the first LOCK: the second has its place
	s.wantTurns(t, resource, holder, []*party{client, stranger})
	s.wantClean(t, resource)
}

// TestClientsOverARestart has ioredis send its LOCK again to another process.
func TestClientsOverARestart(t *testing.T) {
	t.Parallel()
	s := startStage(t, 3, maxBlock, fewWaiters)
	defer s.end(t) // before the process that restart starts is killed
	type waiting struct {
		*party
		resource, holder string
		first            *tapped
	}
	var all []*waiting
	for _, name := range []string{"ioredis 5", "ioredis 6"} {
		for _, token := range []bool{true, false} {
			w := &waiting{resource: withToken(name, token), party: s.driverParty(t, ioredis(name))}
			w.holder = s.hold(t, w.resource)
			w.send(t, resend{token: token, block: patient}.words(w.resource)...)
			w.first = w.lock(t, 1)
			s.wantWaiting(t, w.first)
			all = append(all, w)
		}
	}
	s.proxy.kill()
	s.proxy.awaitGone(t)
	s.proxy.restart(t)
	for _, w := range all {
		s.wantWaiting(t, w.lock(t, 2))
		s.wantHeld(t, w.resource, w.holder)
		s.wantTurns(t, w.resource, w.holder, []*party{w.party})
		s.wantClean(t, w.resource)
		w.wantLocks(t, 2)
	}
}

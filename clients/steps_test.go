package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// protocol asks the proxy which one the client speaks.
func (s *scene) protocol(t *testing.T) {
	got := s.driver.call(t, "CLIENT", "INFO")
	want := fmt.Sprintf("resp=%d", s.client.protocol)
	if got.kind != 's' || !slices.Contains(strings.Fields(got.text), want) {
		t.Fatalf("%s: CLIENT INFO: got %v, want %s", s.client.name, got, want)
	}
}

// lock is the life of a lock.
func (s *scene) lock(t *testing.T) {
	const resource = "jobs:42"
	token := s.wantLock(t, resource)
	if len(token) != 40 {
		t.Fatalf("%s: got the token %q, want 40 digits", s.client.name, token)
	}
	s.wantOnNodes(t, resource, token, 0)
	s.wantRefused(t, resource)
	s.wantCall(t, null(), "TRYLOCK", resource, longTTL)
	s.wantCall(t, integer(0), "EXTEND", resource, "other", longTTL)
	s.wantCall(t, integer(0), "UNLOCK", resource, "other")
	extend := []string{"EXTEND", resource, token, longTTL}
	s.wantValidity(t, s.driver.call(t, extend...), extend...)
	s.wantOnNodes(t, resource, token+"\x00", 8)
	s.wantCall(t, integer(1), "UNLOCK", resource, token)
	s.wantCall(t, integer(0), "UNLOCK", resource, token)
	s.wantNotOnNodes(t, resource)
}

// refusal is an error that does not come from the client.
func (s *scene) refusal(t *testing.T) {
	words := []string{"LOCK", "jobs:43", "notanumber"}
	s.wantError(t, s.driver.call(t, words...), "ERR value is not an integer or out of range", words...)
	s.wantLock(t, "jobs:43") // Nothing else is wrong with the connection.
}

// bytes are what people do not type, as resource and as token.
func (s *scene) bytes(t *testing.T) {
	var each strings.Builder // as many as a token may have
	for b := range 256 {
		each.WriteByte(byte(b))
	}
	s.wantCall(t, bulk(""), "ECHO", "")
	for _, odd := range []string{
		"\xff",
		"\x00",
		"*1\r\n$4\r\nPING\r\n",
		" 'a' \"b\" \\x00 \t",
		"naïve café 鍵 🔒",
		each.String(),
	} {
		s.oddLock(t, "odd "+odd, odd)
	}
}

// oddLock is the life of a lock with a token of the client's.
func (s *scene) oddLock(t *testing.T, resource, token string) {
	for range 2 { // The second one is a retry.
		if got := s.wantLock(t, resource, "TOKEN", token); got != token {
			t.Fatalf("%s: the token %q came back as %q", s.client.name, token, got)
		}
	}
	s.wantOnNodes(t, resource, token+"\x00", 8)
	s.wantRefused(t, resource)
	extend := []string{"EXTEND", resource, token, longTTL}
	s.wantValidity(t, s.driver.call(t, extend...), extend...)
	s.wantCall(t, integer(0), "UNLOCK", resource, token[1:]+"?")
	s.wantCall(t, integer(1), "UNLOCK", resource, token)
	s.wantNotOnNodes(t, resource)
}

// pipeline mixes replies of all kinds, so that one out of order shows.
func (s *scene) pipeline(t *testing.T) {
	const rounds = 25
	var commands []command
	for i := range rounds {
		resource, token := fmt.Sprintf("pipeline:%d", i), fmt.Sprintf("token:%d", i)
		commands = append(commands,
			lockWords(resource, "TOKEN", token),
			command{"PING", fmt.Sprint(i)},
			lockWords(resource),
			command{"UNLOCK", resource, token},
		)
	}
	got := s.driver.ask(t, pipeline(commands))
	if got.kind != 'a' || len(got.items) != len(commands) {
		t.Fatalf("%s: a pipeline of %d: got %v", s.client.name, len(commands), got)
	}
	for i, r := range got.items {
		switch words, round := commands[i], i/4; i % 4 {
		case 0:
			if token := s.wantGrant(t, r, words...); token != words[4] {
				t.Fatalf("%s: %q: got the token %q", s.client.name, words, token)
			}
		case 1:
			s.want(t, r, bulk(fmt.Sprint(round)), words...)
		case 2:
			s.want(t, r, null(), words...)
		case 3:
			s.want(t, r, integer(1), words...)
		}
	}
}

// many callers are more than any pool has connections at first.
const many = 50

// callers compete for one lock, and are all answered.
func (s *scene) callers(t *testing.T) {
	const resource = "jobs:44"
	words := lockWords(resource)
	got := s.driver.ask(t, callers(many, words...))
	held := slices.IndexFunc(got.items, func(r reply) bool { return r.kind == 'a' })
	if len(got.items) != many || held < 0 {
		t.Fatalf("%s: %d callers %q: got %v, want one grant", s.client.name, many, words, got)
	}
	token := s.wantGrant(t, got.items[held], words...)
	for _, r := range slices.Delete(got.items, held, held+1) {
		s.want(t, r, null(), words...)
	}
	s.wantCall(t, integer(1), "UNLOCK", resource, token)
	got = s.driver.ask(t, callers(many, "PING", "hello"))
	if len(got.items) != many {
		t.Fatalf("%s: %d callers PING: got %v", s.client.name, many, got)
	}
	for _, r := range got.items {
		s.want(t, r, bulk("hello"), "PING", "hello")
	}
}

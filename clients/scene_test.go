package clients

import (
	"strconv"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// scene is a client, the proxy it talks to, and that proxy's nodes.
type scene struct {
	client client
	driver *driver
	proxy  *proxy
	nodes  []*redistest.Server
}

// The ttl of all locks outlives every step, and not much of it may be gone when
// the client hears of the lock: the proxy gives up a hundredth and 2 ms.
const (
	longTTL       = "60000"
	leastValidity = 30_000
	mostValidity  = 60_000 - 600 - 2
)

// wantCall runs a command, which must be answered as wanted.
func (s *scene) wantCall(t *testing.T, want reply, words ...string) {
	t.Helper()
	s.want(t, s.driver.call(t, words...), want, words...)
}

// want compares the reply to a command.
func (s *scene) want(t *testing.T, got, want reply, words ...string) {
	t.Helper()
	if want.kind == 'i' {
		want.kind = s.numbers()
	}
	if got.String() != want.String() {
		t.Fatalf("%s: %q: got %v, want %v", s.client.name, words, got, want)
	}
}

// numbers is the kind of reply that the client makes of an integer.
func (s *scene) numbers() byte {
	if s.client.textNumbers {
		return 's'
	}
	return 'i'
}

// wantLock takes a resource, which must be free.
func (s *scene) wantLock(t *testing.T, resource string, options ...string) (token string) {
	t.Helper()
	words := lockWords(resource, options...)
	return s.wantGrant(t, s.driver.call(t, words...), words...)
}

func lockWords(resource string, options ...string) []string {
	return append([]string{"LOCK", resource, longTTL}, options...)
}

// wantGrant asserts that the reply to a LOCK is a token and a validity.
func (s *scene) wantGrant(t *testing.T, got reply, words ...string) (token string) {
	t.Helper()
	if got.kind != 'a' || len(got.items) != 2 || got.items[0].kind != 's' {
		t.Fatalf("%s: %q: got %v, want an array of token and validity", s.client.name, words, got)
	}
	s.wantValidity(t, got.items[1], words...)
	return got.items[0].text
}

func (s *scene) wantValidity(t *testing.T, got reply, words ...string) {
	t.Helper()
	n, err := strconv.Atoi(got.text)
	if err != nil || got.kind != s.numbers() || n < leastValidity || n > mostValidity {
		t.Fatalf("%s: %q: got %v, want a validity of %d to %d", s.client.name, words, got, leastValidity, mostValidity)
	}
}

// wantRefused asserts that a resource that is held can not be taken.
func (s *scene) wantRefused(t *testing.T, resource string) {
	t.Helper()
	s.wantCall(t, null(), lockWords(resource)...)
}

// wantError asserts that an error begins with the text: its first word is what
// programs look at.
func (s *scene) wantError(t *testing.T, got reply, text string, words ...string) {
	t.Helper()
	if s.client.errors != nil {
		text = s.client.errors(text)
	}
	if got.kind != 'e' || !strings.HasPrefix(got.text, text) {
		t.Fatalf("%s: %q: got %v, want an error that begins with %q", s.client.name, words, got, text)
	}
}

// wantOnNodes asserts that a majority of the nodes has a value under the
// resource that is the prefix and as many bytes more.
func (s *scene) wantOnNodes(t *testing.T, resource, prefix string, more int) {
	t.Helper()
	var values []string
	if !eventually(patience, func() bool {
		values = values[:0]
		good := 0
		for _, n := range s.nodes {
			value := n.Client().Get(t.Context(), resource).Val() // "" when there is none
			values = append(values, value)
			if strings.HasPrefix(value, prefix) && len(value) == len(prefix)+more {
				good++
			}
		}
		return good > len(s.nodes)/2
	}) {
		t.Fatalf("%s: the nodes have %q under %q, want %q and %d bytes", s.client.name, values, resource, prefix, more)
	}
}

// wantNotOnNodes asserts that all nodes come to forget the resource.
func (s *scene) wantNotOnNodes(t *testing.T, resource string) {
	t.Helper()
	for _, n := range s.nodes {
		if !eventually(patience, func() bool { return n.Client().Exists(t.Context(), resource).Val() == 0 }) {
			t.Fatalf("%s: a node still has %q", s.client.name, resource)
		}
	}
}

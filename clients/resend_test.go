package clients

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// resend is a client whose LOCK waits for longer than the client does.
type resend struct {
	client    func(*testing.T, *stage) *party
	token     bool
	block     string        // what the LOCK asks for, in ms
	interrupt func(*tapped) // what ends the first connection; nil: the client does
	deaf      bool          // the proxy does not hear of that end until all is over
}

// patient is a BLOCK that outlives every wait of these tests, and what
// --max-block is then.
const (
	patient  = "18000"
	maxBlock = "--max-block=18s"
)

// fewWaiters is no more than really wait in any of these tests: a wait that was
// given up and is still there would be one too many.
const fewWaiters = "--max-waiters-per-resource=3"

// keptPlace is how long after the end of a connection a LOCK with the same
// TOKEN certainly finds its place: less than what README promises, as the test
// sees the LOCK before the proxy does.
const keptPlace = 400 * time.Millisecond

// run does it again when the machine was too slow to tell anything.
func (r resend) run(t *testing.T, s *stage) {
	const attempts = 3
	for i := range attempts {
		if r.contest(t, s, fmt.Sprintf("%s/%d", t.Name(), i)) || t.Failed() {
			return
		}
	}
	t.Errorf("in none of %d attempts the client was back within %v", attempts, keptPlace)
}

// contest lets the client wait before a stranger for a lock that another holds,
// has it send its LOCK again, and then sees who gets the lock, and when. It
// reports false when the client was back too late for its place.
func (r resend) contest(t *testing.T, s *stage, resource string) bool {
	holder := s.hold(t, resource)
	client, stranger := r.client(t, s), s.stranger(t)
	client.send(t, r.words(resource)...)
	first := client.lock(t, 1)
	s.wantWaiting(t, first)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))

	if r.interrupt != nil {
		r.interrupt(first)
	}
	second := client.lock(t, 2)
	s.wantWaiting(t, second)
	if r.deaf {
		s.wantIdle(t, first)
	} else {
		s.wantGone(t, first)
	}
	s.wantHeld(t, resource, holder)

	order := []*party{stranger, client}
	if r.token {
		if !r.deaf && gap(first, second) > keptPlace {
			t.Logf("the client was away for %v", gap(first, second))
			s.anyTurns(t, resource, holder, order)
			return false
		}
		order = []*party{client, stranger}
	}
	s.wantTurns(t, resource, holder, order)
	s.wantClean(t, resource)
	client.pass()
	s.wantGone(t, first)
	client.wantLocks(t, 2)
	return true
}

// words are the LOCK. The name of the resource does for a token, too.
func (r resend) words(resource string) []string {
	words := []string{"LOCK", resource, resendTTL}
	if r.token {
		words = append(words, "TOKEN", "client of "+resource)
	}
	return append(words, "BLOCK", r.block)
}

// wantTurns lets the holder release, and checks that those who wait have the
// lock one after the other, in this order.
func (s *stage) wantTurns(t *testing.T, resource, holder string, order []*party) {
	t.Helper()
	for i, p := range order {
		for _, waiting := range order[i:] {
			if !waiting.silent() {
				t.Fatalf("%s: somebody was answered while %q held the lock: %v", resource, holder, waiting.receive(t))
			}
		}
		s.release(t, resource, holder)
		holder = wantToken(t, p.receive(t))
		s.wantHeld(t, resource, holder)
	}
	s.release(t, resource, holder)
}

// anyTurns lets those who wait have the lock in whatever order.
func (s *stage) anyTurns(t *testing.T, resource, holder string, waiting []*party) {
	t.Helper()
	for len(waiting) > 0 {
		s.release(t, resource, holder)
		next := -1
		if !eventually(soon, func() bool {
			next = slices.IndexFunc(waiting, func(p *party) bool { return !p.silent() })
			return next >= 0
		}) {
			t.Fatalf("%s: nobody has the lock that was released", resource)
		}
		holder = wantToken(t, waiting[next].receive(t))
		waiting = slices.Delete(waiting, next, next+1)
	}
	s.release(t, resource, holder)
}

// wantToken is the token of a grant.
func wantToken(t *testing.T, got reply) string {
	t.Helper()
	if got.kind != 'a' || len(got.items) != 2 || got.items[0].kind != 's' {
		t.Fatalf("got %v, want a grant", got)
	}
	return got.items[0].text
}

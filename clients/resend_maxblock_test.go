package clients

import (
	"testing"
	"time"
)

// TestClientsThatAskAgain has a BLOCK that is cut by --max-block: the LOCK ends
// with null, and the caller asks again with the same TOKEN for what is left.
func TestClientsThatAskAgain(t *testing.T) {
	t.Parallel()
	s := startStage(t, 3, "--max-block=300ms")
	const attempts = 10 // The machine may be slow.
	for range attempts {
		if s.asksAgain(t) || t.Failed() {
			return
		}
	}
	t.Errorf("in none of %d attempts the lock was released while both waited", attempts)
}

// asksAgain reports false when the first of the two did not wait at the moment
// of the release, which is then not for it.
func (s *stage) asksAgain(t *testing.T) bool {
	const resource = "asked again"
	holder := s.hold(t, resource)
	first, second := s.persistent(t), s.persistent(t)
	first.send(t, "LOCK", resource, resendTTL, "TOKEN", "first", "BLOCK", "4000")
	at := first.lock(t, 1)
	s.wantWaiting(t, at)
	// Half a wait later, so that at no time both are between two LOCKs.
	eventually(soon, func() bool { return time.Since(at.lockAt()) > 150*time.Millisecond })
	second.send(t, "LOCK", resource, resendTTL, "TOKEN", "second", "BLOCK", "4000")
	s.wantWaiting(t, second.lock(t, 1))

	const again = 3
	at = first.lock(t, again)
	other := second.lock(t, again-1) // so it was there before the first came back
	s.wantWaiting(t, at)
	s.wantWaiting(t, other)
	answered := at.lastReply()
	s.wantHeld(t, resource, holder)
	s.release(t, resource, holder)
	order := []*party{first, second}
	if !eventually(soon, func() bool { return !first.silent() || !second.silent() }) {
		t.Fatal("nobody was granted the lock")
	}
	inTime := !first.silent() || at.lastReply().Equal(answered)
	if !inTime {
		order = []*party{second, first}
	}
	holder = wantToken(t, order[0].receive(t))
	s.wantHeld(t, resource, holder)
	s.wantTurns(t, resource, holder, order[1:])
	s.wantClean(t, resource)
	return inTime
}

// persistent is go-redis with its default options and a caller who asks until
// the lock is granted, four seconds long.
func (s *stage) persistent(t *testing.T) *party {
	p := goRedis23(t, s)
	once := p.resender.(*caller).call
	p.resender = newCaller(func(words []string) reply {
		for end := time.Now().Add(4 * time.Second); ; {
			if got := once(words); got.kind != 'n' || time.Now().After(end) {
				return got
			}
		}
	})
	return p
}

package clients

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// lostTTL is the ttl in ms of locks that nobody knows of, and lostFor the same.
const (
	lostTTL  = "2000"
	lostFor  = 2 * time.Second
	lastPoll = 500 * time.Millisecond // --retry-delay and --retry-jitter, and some more
)

// grantBegins is what no other reply to these clients has in it.
const grantBegins = "*2\r\n$"

// TestGrantsThatGetLost has grants that the proxy takes for delivered. With
// TOKEN the LOCK that is sent again finds them; without they hold for the ttl,
// and no longer.
func TestGrantsThatGetLost(t *testing.T) {
	t.Parallel()
	s := startStage(t, 3, maxBlock)
	together(t, map[string]func(*testing.T){
		"on the way with TOKEN":              s.lostWithToken,
		"on the way":                         s.lostWithout,
		"as the client vanished":             s.lostToTheVanished,
		"as the client vanished and is back": s.lostBeforeItIsBack,
	})
}

// impatient gives up so late that all can be in place, and so early that the
// test is soon over.
func (s *stage) impatient(t *testing.T) *party {
	return s.goRedisParty(t, "go-redis", redis.Options{ReadTimeout: 1500 * time.Millisecond})
}

// loseGrant lets a client and behind it a stranger wait, releases the lock, and
// returns when the proxy has granted it to a client that does not hear of it.
func (s *stage) loseGrant(t *testing.T, client *party, stranger *party, words []string) (first *tapped) {
	resource := words[1]
	holder := s.hold(t, resource)
	client.send(t, words...)
	first = client.lock(t, 1)
	s.wantWaiting(t, first)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))
	client.lose(true)
	s.release(t, resource, holder)
	first.awaitReply(t, grantBegins)
	client.lose(false)
	if !client.silent() || !stranger.silent() {
		t.Fatal("somebody heard of the lock")
	}
	return first
}

func (s *stage) lostWithToken(t *testing.T) {
	client, stranger := s.impatient(t), s.stranger(t)
	words := resend{token: true, block: patient}.words(t.Name())
	s.loseGrant(t, client, stranger, words)
	s.wantHeld(t, words[1], words[4])
	token := wantToken(t, client.receive(t))
	s.wantHeld(t, words[1], token)
	s.wantTurns(t, words[1], token, []*party{stranger})
	s.wantClean(t, words[1])
	client.wantLocks(t, 2)
}

func (s *stage) lostWithout(t *testing.T) {
	client, stranger := s.impatient(t), s.stranger(t)
	resource := t.Name()
	first := s.loseGrant(t, client, stranger, []string{"LOCK", resource, lostTTL, "BLOCK", patient})
	s.wantLapse(t, first, resource, []*party{stranger, client})
}

// lostToTheVanished is a client that the proxy believes to wait still.
func (s *stage) lostToTheVanished(t *testing.T) {
	client, stranger := s.stranger(t), s.stranger(t)
	resource := t.Name()
	first := s.vanishAndLose(t, client, stranger, []string{"LOCK", resource, lostTTL, "BLOCK", patient})
	client.receive(t)
	s.wantLapse(t, first, resource, []*party{stranger})
	client.pass()
}

// lostBeforeItIsBack is one that comes back when it has been given the lock.
func (s *stage) lostBeforeItIsBack(t *testing.T) {
	client, stranger := s.stranger(t), s.stranger(t)
	words := resend{token: true, block: patient}.words(t.Name())
	s.vanishAndLose(t, client, stranger, words)
	client.receive(t)
	token := wantToken(t, client.ask(t, words...))
	s.wantHeld(t, words[1], token)
	s.wantTurns(t, words[1], token, []*party{stranger})
	client.pass()
	s.wantClean(t, words[1])
}

// vanishAndLose is loseGrant to a client whose host has vanished.
func (s *stage) vanishAndLose(t *testing.T, client, stranger *party, words []string) (first *tapped) {
	resource := words[1]
	holder := s.hold(t, resource)
	client.send(t, words...)
	first = client.lock(t, 1)
	s.wantWaiting(t, first)
	stranger.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, stranger.lock(t, 1))
	first.vanish()
	s.wantWaiting(t, first) // as far as the proxy knows
	s.release(t, resource, holder)
	first.awaitReply(t, grantBegins)
	return first
}

// wantLapse checks that a lock that nobody knows of is had by those who wait
// for it when its ttl is over, and not before.
func (s *stage) wantLapse(t *testing.T, lost *tapped, resource string, order []*party) {
	t.Helper()
	granted := lost.lastReply()
	token := wantToken(t, order[0].receive(t))
	if after := time.Since(granted); after < lostFor-lastPoll || after > lostFor+soon {
		t.Errorf("the lock that nobody had was free after %v, want %v", after, lostFor)
	}
	s.wantHeld(t, resource, token)
	s.wantTurns(t, resource, token, order[1:])
	s.wantClean(t, resource)
}

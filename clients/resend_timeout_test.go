package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// goRedis23 is the go-redis that we have, with its default options. goRedis21
// is the same with those of the versions up to 9.21.
func goRedis23(t *testing.T, s *stage) *party {
	return s.goRedisParty(t, "go-redis 9.23", redis.Options{})
}

func goRedis21(t *testing.T, s *stage) *party {
	return s.goRedisParty(t, "go-redis 9.21", redis.Options{
		ReadTimeout:     3 * time.Second,
		MinRetryBackoff: 8 * time.Millisecond,
		MaxRetryBackoff: 512 * time.Millisecond,
	})
}

func redisPy8(t *testing.T, s *stage) *party {
	return s.redisPyParty(t, redisPyTimeout)
}

// TestClientsThatGiveUp has those that are less patient than their LOCK, and
// whether they are when it waits as long as it may by default.
func TestClientsThatGiveUp(t *testing.T) {
	t.Parallel()
	usual, long := startStage(t, 5), startStage(t, 3, maxBlock, fewWaiters)
	tests := map[string]func(*testing.T){
		"go-redis 9.23 is patient enough": func(t *testing.T) { usual.wantNull(t, goRedis23(t, usual)) },
		"redis-py 8 is patient enough":    func(t *testing.T) { usual.wantNull(t, redisPy8(t, usual)) },
		"ioredis 5 is patient enough":     func(t *testing.T) { usual.wantNull(t, usual.driverParty(t, ioredis("ioredis 5"))) },
		"ioredis 6 is patient enough":     func(t *testing.T) { usual.wantNull(t, usual.driverParty(t, ioredis("ioredis 6"))) },
	}
	for _, token := range []bool{true, false} {
		for name, r := range map[string]resend{
			"go-redis 9.21": {client: goRedis21, token: token, block: "4000"},
			"go-redis 9.23": {client: goRedis23, token: token, block: "8000"},
			"redis-py 8":    {client: redisPy8, token: token, block: "8000"},
		} {
			tests[withToken(name+" sends again", token)] = func(t *testing.T) { r.run(t, long) }
		}
		tests[withToken("go-redis 9.21 gives up", token)] = func(t *testing.T) {
			long.wantGivenUp(t, goRedis21(t, long), token, 4)
		}
		tests[withToken("redis-py 8 gives up", token)] = func(t *testing.T) {
			// Not as late as it really does, which is after 55 seconds.
			long.wantGivenUp(t, long.redisPyParty(t, 300*time.Millisecond), token, 1+redisPyRetries)
		}
	}
	together(t, tests)
}

func withToken(name string, token bool) string {
	if token {
		return name + " with TOKEN"
	}
	return name
}

// wantNull checks that a wait of four seconds ends before the client's
// patience.
func (s *stage) wantNull(t *testing.T, client *party) {
	t.Helper()
	resource := t.Name()
	holder := s.hold(t, resource)
	asked := time.Now()
	got := client.ask(t, "LOCK", resource, resendTTL, "BLOCK", "4000")
	if got.kind != 'n' {
		t.Errorf("got %v, want null", got)
	}
	if waited := time.Since(asked); waited < 4*time.Second {
		t.Errorf("the LOCK ended after %v", waited)
	}
	client.wantLocks(t, 1)
	s.wantHeld(t, resource, holder)
	s.release(t, resource, holder)
	s.wantClean(t, resource)
}

// wantGivenUp checks that a client sends so many LOCKs and then fails, and that
// nothing of it is left.
func (s *stage) wantGivenUp(t *testing.T, client *party, token bool, locks int) {
	t.Helper()
	resource := t.Name()
	holder := s.hold(t, resource)
	front, late := s.stranger(t), s.stranger(t)
	front.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, front.lock(t, 1))
	client.send(t, resend{token: token, block: "4000"}.words(resource)...)
	for i := range locks - 1 {
		client.lock(t, i+2)
		s.wantGone(t, client.lock(t, i+1))
		s.wantHeld(t, resource, holder)
	}
	if got := client.receive(t); got.kind != 'x' || !strings.Contains(got.text, "timeout") {
		t.Errorf("got %v, want that the client has lost its patience", got)
	}
	client.wantLocks(t, locks)
	s.wantGone(t, client.lock(t, locks))
	s.wantHeld(t, resource, holder)
	late.send(t, "LOCK", resource, resendTTL, "BLOCK", patient)
	s.wantWaiting(t, late.lock(t, 1))
	s.wantTurns(t, resource, holder, []*party{front, late})
	s.wantClean(t, resource)
}

package redlock

import (
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// What lock libraries do wrong when they take a lock; see defects_test.go.

// another lets somebody else hold a key on these nodes for the ttl.
func another(t *testing.T, servers []*redistest.Server, key string, ttl time.Duration) {
	t.Helper()
	for _, s := range servers {
		if err := s.Client().Set(t.Context(), key, "another", ttl).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// refused waits until a round of those who wait for the resource was refused.
func refused(t *testing.T, q *Quorum, resource string) {
	t.Helper()
	eventually(t, "a round was refused", func() (was bool) {
		q.queue.visit(resource, func(l *line, _ *fanOut) { was = l.last == ErrHeld })
		return was
	})
}

// TestARetryIsNotRefusedByItsOwnKey: node-redlock 5.0-beta (PR #369) leaves its
// key on a node that it won in vain, and then takes that for another's.
func TestARetryIsNotRefusedByItsOwnKey(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "mine"} {
		servers := redistest.Start(t, 3)
		q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: 20 * time.Millisecond, RetryJitter: -1})
		another(t, servers[1:], "a", time.Minute)
		w := startWaiting(t, q, Request{Resource: "a", Token: token, TTL: time.Minute, Block: patient})
		refused(t, q, "a")
		servers[1].Client().Del(t.Context(), "a") // the first node is needed now
		if _, err := w.wait(t); err != nil {
			t.Errorf("token %q: with one node won before and one free now: %v", token, err)
		}
	}
}

// TestAWaitIsNotTakenFromTheValidity: node-redlock 5.0-beta (#168, #169) counts
// the expiry from before its attempts; RedissonRedLock has the nodes keep the
// key for twice the wait.
func TestAWaitIsNotTakenFromTheValidity(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), RetryDelay: 20 * time.Millisecond, RetryJitter: -1})
	warm(t, q)
	const ttl = 500 * time.Millisecond
	another(t, servers, "a", 2*ttl)
	begin := time.Now()
	g := mustLock(t, q, Request{Resource: "a", TTL: ttl, Block: 2 * patient})
	left := servers[0].Client().PTTL(t.Context(), "a").Val()
	if waited := g.Asked().Sub(begin); waited < ttl {
		t.Fatalf("it waited for %v only: the test shows nothing", waited)
	}
	if valid := g.Until.Sub(g.Asked()); valid != ttl-drift(ttl, 0.01) {
		t.Errorf("after a wait the validity is %v of a ttl of %v", valid, ttl)
	}
	if left > ttl {
		t.Errorf("after a wait the key lasts for %v, asked for %v", left, ttl)
	}
}

// TestALateAcquireLeavesNoKey: pottery 3.0 answers as soon as it can, and then
// releases on other connections than those on which acquires are under way.
func TestALateAcquireLeavesNoKey(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{patient, time.Second} {
		servers, wires, q := wired(t, 5, Options{NodeTimeout: timeout}, soundRules())
		each(wires[3:], func(w *redistest.Wire) { w.HoldRequests(true) })
		mustUnlock(t, q, mustLock(t, q, lockFor("won", time.Minute)))
		another(t, servers[:3], "lost", time.Minute)
		_, err := q.Lock(t.Context(), lockFor("lost", time.Minute))
		wantErr(t, "Lock of what another holds", err, ErrHeld)
		if timeout < patient {
			settled(t, q) // nobody waits for the two nodes any more
		}
		each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
		settled(t, q)
		paid(t, q)
		for _, s := range servers[:3] {
			s.Client().Del(t.Context(), "lost")
		}
		wantNoKeys(t, servers)
	}
}

// TestALockThatLosesLeavesNoKeys: RedissonRedLock does not clean up on the
// minority that it won.
func TestALockThatLosesLeavesNoKeys(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	another(t, servers[:3], "a", time.Minute)
	for _, token := range []string{"", "mine"} {
		_, err := q.Lock(t.Context(), Request{Resource: "a", Token: token, TTL: time.Minute})
		wantErr(t, "Lock of what another holds", err, ErrHeld)
		settled(t, q)
		wantNoKeys(t, servers[3:])
	}
}

// TestAGrantIsNotRefusedForOneNodesError: redlock-py raises for any node's
// error, and leaves the keys that the others have set.
func TestAGrantIsNotRefusedForOneNodesError(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	readOnly := func(s *redistest.Server, replicas string) {
		if err := s.Client().ConfigSet(t.Context(), "min-replicas-to-write", replicas).Err(); err != nil {
			t.Fatal(err)
		}
	}
	readOnly(servers[0], "1")
	readOnly(servers[1], "1")
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	if v := holders(t, servers, "a"); v[0] != "" || v[1] != "" {
		t.Fatal("no node had an error: the test shows nothing")
	}
	mustUnlock(t, q, g)

	readOnly(servers[2], "1")
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock with errors from three nodes of five", err, ErrNoQuorum)
	if n := strings.Count(err.Error(), "NOREPLICAS"); n != 3 {
		t.Errorf("%q names %d nodes' errors, want 3", err, n)
	}
	settled(t, q)
	wantNoKeys(t, servers[3:])
	for _, s := range servers[:3] {
		readOnly(s, "0")
	}
	wantNoKeys(t, servers)
}

// TestNoMoreThanAMajorityIsNeeded: redlock-php (PR #6, #16) compares with N/2+1
// as a fraction, 2.5 of 3 nodes, and so needs all three.
func TestNoMoreThanAMajorityIsNeeded(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 4, 5} {
		servers := redistest.Start(t, n)
		q := open(t, Options{Nodes: at(addresses(servers)...)})
		warm(t, q)
		needed := n/2 + 1
		for _, s := range servers[needed:] {
			s.Kill()
		}
		g := mustLock(t, q, lockFor("a", time.Minute))
		if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute}); err != nil {
			t.Errorf("Extend with %d of %d nodes: %v", needed, n, err)
		}
		mustUnlock(t, q, g)
		servers[0].Kill()
		_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
		wantErr(t, "Lock with less than a majority", err, ErrNoQuorum)
	}
}

// TestTokensAreNotTheTime: redlock-php's uniqid() is the time in microseconds,
// of which the first digits are known to all.
func TestTokensAreNotTheTime(t *testing.T) {
	t.Parallel()
	const drawn = 1000
	tokens := map[string]bool{}
	digits := make([]map[byte]bool, 2*tokenBytes)
	for range drawn {
		token := newToken()
		tokens[token] = true
		for i := range digits {
			if digits[i] == nil {
				digits[i] = map[byte]bool{}
			}
			digits[i][token[i]] = true
		}
	}
	if len(tokens) != drawn {
		t.Errorf("of %d tokens %d differ", drawn, len(tokens))
	}
	for i, seen := range digits {
		if len(seen) != 16 { // one is missing by chance once in 10^26
			t.Errorf("in %d tokens, digit %d has %d values", drawn, i, len(seen))
		}
	}
}

// TestTheTTLIsNotOfOurClock: rueidislock 1.0.79 sends PXAT and PEXPIREAT, which
// is a shorter or longer ttl on a node whose clock is not the client's.
func TestTheTTLIsNotOfOurClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-time.Hour, time.Hour} {
		m := miniredis.RunT(t) // its keys expire only when told to
		m.SetTime(time.Now().Add(skew))
		q := open(t, Options{Nodes: at(m.Addr())})
		want := func(what string, ttl time.Duration) {
			t.Helper()
			if left := m.TTL("a"); left != ttl {
				t.Errorf("%s, on a clock that is off by %v: the key lasts %v, want %v", what, skew, left, ttl)
			}
		}
		for _, token := range []string{"", "mine"} {
			g := mustLock(t, q, Request{Resource: "a", Token: token, TTL: time.Minute})
			want("Lock", time.Minute)
			if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: 2 * time.Minute}); err != nil {
				t.Fatal(err)
			}
			want("Extend", 2*time.Minute)
			mustUnlock(t, q, g)
		}
		// The control: as that library does it.
		c := redis.NewClient(&redis.Options{Addr: m.Addr()})
		c.SetArgs(t.Context(), "a", "v", redis.SetArgs{ExpireAt: time.Now().Add(time.Minute)})
		if left := m.TTL("a"); left > 0 && left < 2*time.Minute {
			t.Errorf("with EXAT the key lasts %v: the test shows nothing", left)
		}
		_ = c.Close()
	}
}

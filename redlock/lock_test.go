package redlock

import (
	"errors"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

func TestLockIsHeldUntilUnlock(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	before := time.Now()
	g := mustLock(t, q, lockFor("a", 10*time.Second))
	if most := before.Add(10*time.Second - 102*time.Millisecond); g.Until.After(time.Now().Add(10*time.Second-102*time.Millisecond)) || g.Until.Before(most) {
		t.Errorf("validity ends at %v, want ttl - 1%% - 2 ms after the attempt began, %v", g.Until, most)
	}
	if len(g.Token) != 40 {
		t.Errorf("token has %d characters, want 40 hex digits", len(g.Token))
	}
	_, err := q.Lock(t.Context(), lockFor("a", 10*time.Second))
	wantErr(t, "a second Lock", err, ErrHeld)
	mustLock(t, q, lockFor("b", 10*time.Second))

	mustUnlock(t, q, g)
	wantErr(t, "a second Unlock", q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}), ErrNotHeld)
	settled(t, q)
	for _, v := range holders(t, servers, "a") {
		if v != "" {
			t.Errorf("a node still has the released lock")
		}
	}
	mustLock(t, q, lockFor("a", 10*time.Second))
}

func TestLockIsAPlainStringUnderThePrefixedName(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), KeyPrefix: "locks:"})
	resource := "odd \x00\r\n name"
	g := mustLock(t, q, lockFor(resource, 10*time.Second))
	settled(t, q)
	for i, v := range holders(t, servers, "locks:"+resource) {
		if v != g.Token {
			t.Errorf("node %d has %q, want the token", i+1, v)
		}
	}
	left, err := servers[0].Client().PTTL(t.Context(), "locks:"+resource).Result()
	if err != nil || left > 10*time.Second || left < 5*time.Second {
		t.Errorf("the key lasts %v (%v), want nearly the ttl", left, err)
	}
}

func TestExtendNeverShortensAndNeverRevives(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	g := mustLock(t, q, lockFor("a", time.Minute))
	longer := Request{Resource: "a", Token: g.Token, TTL: 2 * time.Minute}
	if e, err := q.Extend(t.Context(), longer); err != nil || e.Validity(time.Now()) < 100*time.Second {
		t.Fatalf("Extend: %v, %v left", err, e.Validity(time.Now()))
	}
	shorter := Request{Resource: "a", Token: g.Token, TTL: time.Second}
	e, err := q.Extend(t.Context(), shorter)
	if err != nil || e.Validity(time.Now()) > time.Second {
		t.Fatalf("Extend for less: %v, %v left, want the validity of what was asked", err, e.Validity(time.Now()))
	}
	settled(t, q)
	for _, s := range servers {
		if left := s.Client().PTTL(t.Context(), "a").Val(); left < 100*time.Second {
			t.Errorf("Extend for less cut the lock to %v", left)
		}
	}
	stranger := Request{Resource: "a", Token: "stranger", TTL: time.Minute}
	_, err = q.Extend(t.Context(), stranger)
	wantErr(t, "Extend with a stranger's token", err, ErrNotHeld)
	mustUnlock(t, q, g)
	_, err = q.Extend(t.Context(), longer)
	wantErr(t, "Extend after Unlock", err, ErrNotHeld)
	settled(t, q)
	for _, v := range holders(t, servers, "a") {
		if v != "" {
			t.Errorf("Extend revived a released lock")
		}
	}
}

func TestExtendReleasesWhatIsLeftOfALapsedLock(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	for _, s := range servers[:3] {
		s.Client().Del(t.Context(), "a")
	}
	_, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute})
	wantErr(t, "Extend of a lock on two nodes of five", err, ErrNotHeld)
	wantNoKeys(t, servers)
}

func TestTokenMakesARetryAGrant(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	r := Request{Resource: "a", Token: "mine", TTL: time.Minute}
	mustLock(t, q, r)
	r.TTL = 2 * time.Minute
	mustLock(t, q, r)
	r.TTL = time.Second
	mustLock(t, q, r)
	settled(t, q)
	for _, s := range servers {
		if left := s.Client().PTTL(t.Context(), "a").Val(); left < 100*time.Second {
			t.Errorf("a retry left a ttl of %v, want it raised and never lowered", left)
		}
	}
	_, err := q.Lock(t.Context(), Request{Resource: "a", Token: "other", TTL: time.Minute})
	wantErr(t, "Lock with another token", err, ErrHeld)
	// A token that the held one begins with is another token.
	_, err = q.Lock(t.Context(), Request{Resource: "a", Token: "min", TTL: time.Minute})
	wantErr(t, "Lock with the beginning of the token", err, ErrHeld)
	wantErr(t, "Unlock with the beginning of the token", q.Unlock(t.Context(), Request{Resource: "a", Token: "min"}), ErrNotHeld)
	if err := q.Unlock(t.Context(), Request{Resource: "a", Token: "mine"}); err != nil {
		t.Fatal(err)
	}
	settled(t, q)
	wantNoKeys(t, servers)
}

func TestFreshTokenLockIsUnlockedByItsToken(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	token := "binary\x00\xff\r\n" + strings.Repeat("t", 200)
	mustLock(t, q, Request{Resource: "a", Token: token, TTL: time.Minute})
	settled(t, q)
	for i, v := range holders(t, servers, "a") {
		if len(v) != len(token)+1+tailBytes-1 || !strings.HasPrefix(v, token+"\x00") {
			t.Errorf("node %d has %q, want the token, NUL and a nonce", i+1, v)
		}
	}
	if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: token, TTL: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if err := q.Unlock(t.Context(), Request{Resource: "a", Token: token}); err != nil {
		t.Fatal(err)
	}
	settled(t, q)
	wantNoKeys(t, servers)
}

func TestForeignTypeIsHeldNotBroken(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	for _, s := range servers {
		s.Client().HSet(t.Context(), "a", "field", 1) // Redisson's locks are hashes
	}
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock of a hash", err, ErrHeld)
	_, err = q.Lock(t.Context(), Request{Resource: "a", Token: "x", TTL: time.Minute})
	wantErr(t, "Lock of a hash with a token", err, ErrHeld)
	_, err = q.Extend(t.Context(), Request{Resource: "a", Token: "x", TTL: time.Minute})
	wantErr(t, "Extend of a hash", err, ErrNotHeld)
	wantErr(t, "Unlock of a hash", q.Unlock(t.Context(), Request{Resource: "a", Token: "x"}), ErrNotHeld)
}

func TestScriptFlushIsNotNoticed(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	flush := func() {
		for _, s := range servers {
			if err := s.Client().ScriptFlush(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := Request{Resource: "a", Token: "t", TTL: time.Minute}
	flush()
	mustLock(t, q, r)
	flush()
	if _, err := q.Extend(t.Context(), r); err != nil {
		t.Fatalf("Extend: %v", err)
	}
	flush()
	if err := q.Unlock(t.Context(), r); err != nil {
		t.Fatalf("Unlock: %v", err)
	}
}

// TestScriptFlushKeepsTheOrder: an Unlock that finds no script is repeated, and
// a Lock of the same session that was behind it must not be told "held".
func TestScriptFlushKeepsTheOrder(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	g := mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	each(wires, func(w *redistest.Wire) { w.Delay(100 * time.Millisecond) })
	other := "z"
	for q.laneOf(other) != q.laneOf("a") {
		other += "z"
	}
	q.StartLock(t.Context(), lockFor(other, time.Minute), func(Grant, error) {}) // keeps the lane busy, so that the two gather
	for _, s := range servers {
		s.Client().ScriptFlush(t.Context())
	}
	unlocked, locked := make(chan error, 1), make(chan error, 1)
	q.StartUnlock(Request{Resource: "a", Token: g.Token, Session: 5}, func(err error) { unlocked <- err })
	q.StartLock(t.Context(), Request{Resource: "a", TTL: time.Minute, Session: 5}, func(_ Grant, err error) { locked <- err })
	if err := <-unlocked; err != nil {
		t.Errorf("Unlock: %v", err)
	}
	if err := <-locked; err != nil {
		t.Errorf("the Lock behind it: %v", err)
	}
}

func TestBadArgumentsAreRefusedBeforeAnyNodeIsAsked(t *testing.T) {
	t.Parallel()
	q := open(t, Options{Nodes: at("127.0.0.1:1"), MaxTTL: time.Minute})
	for name, r := range map[string]Request{
		"empty resource":    {TTL: time.Second},
		"long resource":     {Resource: strings.Repeat("r", MaxResource+1), TTL: time.Second},
		"reserved resource": {Resource: "__redlock:x", TTL: time.Second},
		"long token":        {Resource: "a", Token: strings.Repeat("t", MaxToken+1), TTL: time.Second},
		"no ttl":            {Resource: "a"},
		"ttl within drift":  {Resource: "a", TTL: 2 * time.Millisecond},
		"long ttl":          {Resource: "a", TTL: time.Minute + time.Millisecond},
	} {
		var bad *ArgumentError
		if _, err := q.Lock(t.Context(), r); !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want an ArgumentError", name, err)
		}
	}
	var bad *ArgumentError
	if err := q.Unlock(t.Context(), Request{Resource: "a"}); !errors.As(err, &bad) {
		t.Errorf("Unlock without a token: got %v, want an ArgumentError", err)
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	t.Parallel()
	good := at("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
	for name, o := range map[string]Options{
		"no nodes":        {},
		"a node twice":    {Nodes: at("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:2")},
		"no options":      {Nodes: []Node{{Name: "x"}}},
		"negative drift":  {Nodes: good, DriftFactor: -1},
		"all drift":       {Nodes: good, DriftFactor: 0.9},
		"short time-out":  {Nodes: good, NodeTimeout: time.Microsecond},
		"long max ttl":    {Nodes: good, MaxTTL: 48 * time.Hour},
		"reserved prefix": {Nodes: good, KeyPrefix: "__redlock:"},
	} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := ParseNode("redis://user:secret@[bad"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a bad node url: got %v, want an error without the password", err)
	}
}

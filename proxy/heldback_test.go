package proxy_test

import (
	"strings"
	"testing"
	"time"
)

// held holds a reply back behind a slower one of the same connection, after
// its outcome is known, until it has aged. It returns how old it is at least.
func held(f *front, c *client, slow, fast, sent string, known func() bool, age time.Duration) time.Duration {
	f.t.Helper()
	reached := f.holdUp(slow)
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s") + sent)
	reached()
	eventually(f.t, "the outcome of what is held back", known)
	since := time.Now()
	eventually(f.t, "that it ages", func() bool { return time.Since(since) > age })
	old := time.Since(since)
	f.letGo(slow)
	c.wantGrant("tok-s", 60000)
	return old
}

func TestAGrantThatWasHeldBackSaysWhatIsLeftOfIt(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	age := held(f, c, slow, fast, command("LOCK", fast, "60000", "TOKEN", "tok-f"),
		func() bool { return f.on(fast) == 3 }, 300*time.Millisecond)
	if v, most := c.wantGrant("tok-f", 60000), 59398-age.Milliseconds(); int64(v) > most {
		t.Errorf("the validity is %d ms, though the grant is %v old: want at most %d", v, age, most)
	}
	if n := f.on(fast); n != 3 {
		t.Errorf("%d nodes have the lock, want all 3", n)
	}
}

func TestAGrantThatWasHeldBackTooLongIsTooLate(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	// The drift budget of 1 % leaves a lock of 1 s on the nodes for 12 ms after
	// its validity; that it goes then shows nothing. So the nodes' ttl is
	// raised, as a clock that stands still would.
	known := func() bool { return f.on(fast) == 3 }
	held(f, c, slow, fast, command("LOCK", fast, "1000", "TOKEN", "tok-f"), func() bool {
		if !known() {
			return false
		}
		for _, n := range f.nodes {
			n.redis.SetTTL(fast, time.Hour)
		}
		return true
	}, time.Second)
	if line := c.line(); !strings.HasPrefix(line, "-TOOLATE ") || !strings.Contains(line, "it was undone") {
		t.Errorf("got %q, want TOOLATE", line)
	}
	eventually(t, "the undoing on all nodes", func() bool { return f.on(fast) == 0 })
}

func TestAnExtensionThatWasHeldBackSaysWhatIsLeftOfIt(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	c.send(command("LOCK", fast, "10000", "TOKEN", "tok-f"))
	c.wantGrant("tok-f", 10000)
	extended := func() bool {
		for _, n := range f.nodes {
			if n.redis.TTL(fast) < 20*time.Second {
				return false
			}
		}
		return true
	}
	age := held(f, c, slow, fast, command("EXTEND", fast, "tok-f", "60000"), extended, 300*time.Millisecond)
	c.want(":")
	if v, most := c.wantValidity(60000), 59398-age.Milliseconds(); int64(v) > most {
		t.Errorf("the validity is %d ms, though the extension is %v old: want at most %d", v, age, most)
	}
}

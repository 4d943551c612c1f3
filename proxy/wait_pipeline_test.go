package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

const limitOfWaits = "-LIMIT 100 LOCKs of this connection wait already, as many as may; use more connections\r\n"

// TestAnUnlockBehindTheLOCKThatWaitsForIt: many callers share one connection,
// and one of them waits for what another of them holds.
func TestAnUnlockBehindTheLOCKThatWaitsForIt(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	for _, hello := range []string{"2", "3"} {
		c := f.dial()
		c.send("HELLO " + hello + "\r\n")
		c.skipGreeting()
		for range 20 {
			c.send(command("LOCK", "a", "60000", "TOKEN", "tok-1") +
				command("LOCK", "a", "60000", "TOKEN", "tok-2", "BLOCK", "0") +
				command("LOCK", "a", "60000", "TOKEN", "tok-3", "RETRY", "1000000") +
				command("UNLOCK", "a", "tok-1") + command("PING"))
			c.wantGrant("tok-1", 60000)
			c.wantGrant("tok-2", 60000)
			c.send(command("UNLOCK", "a", "tok-2"))
			c.wantGrant("tok-3", 60000)
			c.want(":1\r\n+PONG\r\n:1\r\n")
			c.unlocks("a", "tok-3")
		}
	}
	wantNoKeysOn(t, servers, f)
}

// skipGreeting reads what HELLO says, up to a mark.
func (c *client) skipGreeting() {
	c.t.Helper()
	c.send(command("PING", "mark"))
	for c.line() != "mark" {
	}
}

// TestAThousandLOCKsThatWaitInOnePipeline: as many wait as may, the others hear
// so, and what stands behind all of them takes effect. Also with the longest
// names there are, which nearly fill what a connection may have under way.
func TestAThousandLOCKsThatWaitInOnePipeline(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		t.Run(fmt.Sprintf("long names %v", long), func(t *testing.T) {
			t.Parallel()
			fill := func(s string, n int) string {
				if long {
					s += strings.Repeat("x", n-len(s))
				}
				return s
			}
			resource := func(i int) string { return fill(fmt.Sprintf("r%d-", i), 1024) }
			token := func(kind string, i int) string { return fill(fmt.Sprintf("tok-%s%d-", kind, i), 256) }
			servers := redistest.Start(t, 3)
			f := startOn(t, servers)
			c := f.dial()
			var locks, unlocks, again strings.Builder
			for i := range 100 {
				c.holds(resource(i), 60000, token("h", i))
				unlocks.WriteString(command("UNLOCK", resource(i), token("h", i)))
				again.WriteString(command("UNLOCK", resource(i), token("w", i)))
			}
			for i := range 1000 {
				locks.WriteString(command("LOCK", resource(i%100), "60000", "BLOCK", "0", "TOKEN", token("w", i)))
			}
			c.send(locks.String() + unlocks.String())
			for i := range 100 {
				c.wantGrant(token("w", i), 60000)
			}
			c.want(strings.Repeat(limitOfWaits, 900) + strings.Repeat(":1\r\n", 100))
			c.send(again.String())
			c.want(strings.Repeat(":1\r\n", 100))
			f.waitsAgain(c)
			wantNoKeysOn(t, servers, f)
		})
	}
}

// waitsAgain: a connection that had too many waiting has room for one more.
func (f *front) waitsAgain(c *client) {
	f.t.Helper()
	c.holds("again", 60000, "tok-1")
	f.waits(c, 1, "again", "tok-2")
	c.send(command("UNLOCK", "again", "tok-1"))
	c.wantGrant("tok-2", 60000)
	c.want(":1\r\n")
	c.unlocks("again", "tok-2")
}

// TestRepliesBehindAWaitingLOCKComeInOrder, whatever their commands are and
// however soon they are known.
func TestRepliesBehindAWaitingLOCKComeInOrder(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c := f.dial(), f.dial()
	holder.holds("a", 60000, "tok-holder")
	c.holds("b", 60000, "tok-b")
	f.waits(c, 1, "a", "tok-a")
	c.send("PING\r\nNOSUCH\r\nLOCK b 60000 TOKEN tok-2\r\nEXTEND b tok-b 30000\r\nUNLOCK b tok-b\r\nLOCK b 60000 BLOCK x\r\nECHO e\r\n")
	eventually(t, "what stands behind takes effect", func() bool {
		holder.send(command("TRYLOCK", "b", "60000", "TOKEN", "tok-h"))
		if holder.line() == "*-1" {
			return false
		}
		holder.want("$5\r\ntok-h\r\n:")
		holder.wantValidity(60000)
		return true
	})
	holder.unlocks("a", "tok-holder")
	c.wantGrant("tok-a", 60000)
	c.want("+PONG\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n*-1\r\n:")
	c.wantValidity(30000)
	c.want(":1\r\n-ERR timeout is not an integer or out of range\r\n$1\r\ne\r\n")
	c.unlocks("a", "tok-a")
	holder.unlocks("b", "tok-h")
	wantNoKeysOn(t, servers, f)
}

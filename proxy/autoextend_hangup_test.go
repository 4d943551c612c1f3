package proxy_test

import (
	"fmt"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestAClientThatGoesGivesItsLocksBack: the next one has the lock long before
// the ttl is over, through whichever proxy it waits, and also when it was
// granted while its client waited. What is locked without AUTOEXTEND stays.
func TestAClientThatGoesGivesItsLocksBack(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	ways := departures()
	ways["quits"] = func(c *client) { c.send("QUIT\r\n") }
	ways["quits behind a LOCK that waits"] = func(c *client) {
		c.lock("held", 60000, "tok-c", "BLOCK", "1000", "AUTOEXTEND")
		c.send("QUIT\r\n")
	}
	holder := f.dial()
	holder.holds("other", 60000, "tok-h")
	holder.holds("held", 60000, "tok-h")
	for how, leave := range ways {
		for _, nextFront := range []*front{f, elsewhere} {
			c, next := f.dial(), nextFront.dial()
			c.holds("plain", 60000, "tok-plain")
			c.holds("a", 60000, "tok-a", "AUTOEXTEND")
			f.waits(c, 1, "other", "tok-c", "AUTOEXTEND")
			holder.unlocks("other", "tok-h")
			c.wantGrant("tok-c", 60000)
			f.waits(holder, 1, "other", "tok-h")
			f.wantWaiting(1)
			nextFront.wantsNext(next, "a")
			began := time.Now()
			leave(c)
			next.wantGrant("tok-n", 60000)
			holder.wantGrant("tok-h", 60000)
			t.Logf("%s: the next had the lock after %v", how, time.Since(began))
			next.unlocks("a", "tok-n")
			next.unlocks("plain", "tok-plain")
			c.close()
		}
	}
	holder.unlocks("other", "tok-h")
	holder.unlocks("held", "tok-h")
	wantNoKeysOn(t, servers, f, elsewhere)
}

// wantsNext sends a LOCK that waits, and returns when it has its place.
func (f *front) wantsNext(c *client, resource string) {
	f.t.Helper()
	f.waits(c, f.quorum.Waiting()+1, resource, "tok-n")
}

// TestConnectionsThatTheProxyEnds leave their locks to their ttl: the clients
// may still be at work. They are not extended, and taken up again by their
// token, also through another proxy.
func TestConnectionsThatTheProxyEnds(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	operator, again := f.dial(), elsewhere.dial()
	ways := map[string]func(*client){
		"killed": func(c *client) {
			operator.send("CLIENT KILL ID " + c.id() + "\r\n")
			operator.want(":1\r\n")
		},
		"killed by itself": func(c *client) {
			c.send("CLIENT KILL SKIPME no TYPE normal ADDR " + c.conn.LocalAddr().String() + "\r\n")
			c.want(":1\r\n")
		},
		"a protocol error": func(c *client) {
			c.send("*x\r\n")
			c.want("-ERR Protocol error: invalid multibulk length\r\n")
		},
	}
	const ttl = 1500
	var taken []string
	var lapses []func()
	for how, end := range ways {
		c, next := f.dial(), elsewhere.dial()
		c.holds(how+", lapses", ttl, "tok-c", "AUTOEXTEND")
		c.holds(how+", same", ttl, "tok-c", "AUTOEXTEND")
		c.holds(how+", other", ttl, "tok-c", "AUTOEXTEND")
		taken = append(taken, how+", same", how+", other")
		elsewhere.waits(next, len(lapses)+1, how+", lapses", "tok-n")
		end(c)
		c.wantEnd()
		lapses = append(lapses, lapse(t, servers, how+", lapses", next, "tok-n"))
		operator.holds(how+", same", ttl, "tok-c", "AUTOEXTEND")
		again.holds(how+", other", ttl, "tok-c", "AUTOEXTEND")
	}
	began := time.Now()
	for _, finish := range lapses {
		finish()
	}
	wantExtended(t, servers, began, ttl*5/4*time.Millisecond, taken...)
	for how := range ways {
		operator.unlocks(how+", lapses", "tok-n")
		operator.unlocks(how+", same", "tok-c")
		again.unlocks(how+", other", "tok-c")
	}
	wantNoKeysOn(t, servers, f, elsewhere)
}

// TestAClientGoesAfterItsLockWasTakenUp by its token through another
// connection: that one is at work under it.
func TestAClientGoesAfterItsLockWasTakenUp(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	first, second, third, next := f.dial(), f.dial(), elsewhere.dial(), f.dial()
	const ttl = 1500
	first.holds("a", ttl, "tok-a", "AUTOEXTEND")
	first.holds("b", ttl, "tok-b", "AUTOEXTEND")
	second.holds("a", ttl, "tok-a", "AUTOEXTEND")
	third.holds("b", ttl, "tok-b", "AUTOEXTEND")
	first.reset()
	wantExtended(t, servers, time.Now(), ttl*5/4*time.Millisecond, "a", "b")
	// As README says: it can not be told whether this was the last.
	f.waits(next, 1, "b", "tok-n")
	third.close()
	elsewhere.wantClients(0)
	wantLapse(t, servers, "b", next, "tok-n")
	next.unlocks("b", "tok-n")
	second.unlocks("a", "tok-a")
	wantNoKeysOn(t, servers, f, elsewhere)
}

// TestAClientGoesAsItIsGranted, again and again: never is a lock left behind for
// its ttl.
func TestAClientGoesAsItIsGranted(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	ways := departures()
	ways["quits"] = func(c *client) { c.send("QUIT\r\n") }
	for i := range 30 {
		for how, leave := range ways {
			c := f.dial()
			c.lock("a", 60000, fmt.Sprint("tok-", how, i), "AUTOEXTEND", "BLOCK", "0")
			leave(c)
		}
	}
	next := f.dial()
	next.lock("a", 60000, "tok-n", "BLOCK", "0")
	next.wantGrant("tok-n", 60000)
	next.unlocks("a", "tok-n")
	wantNoKeysOn(t, servers, f)
}

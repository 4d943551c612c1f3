package proxy_test

import (
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

const (
	limitOfWaiters   = "-LIMIT as many LOCKs wait as this proxy lets (--max-waiters); try again later, or use another proxy\r\n"
	limitOfAResource = "-LIMIT as many LOCKs wait for this resource as may (--max-waiters-per-resource); try again later\r\n"
)

// TestTooManyWaiters hear so at once, and there is room again when one has gone
// in whatever way. Who does not wait is not concerned.
func TestTooManyWaiters(t *testing.T) {
	t.Parallel()
	for want, limit := range map[string]func(*custom){
		limitOfWaiters:   func(o *custom) { o.quorum.MaxWaiters = 2 },
		limitOfAResource: func(o *custom) { o.quorum.MaxWaitersPerResource = 2 },
	} {
		servers := redistest.Start(t, 3)
		f := startOn(t, servers, limit)
		holder, one, two, three := f.dial(), f.dial(), f.dial(), f.dial()
		id := two.id()
		holder.holds("a", 60000, "tok-0")
		f.waits(one, 1, "a", "tok-1")
		for _, free := range []func(){
			func() { two.reset() },
			func() { holder.send("CLIENT KILL ID " + id + "\r\n"); holder.want(":1\r\n") },
			func() { holder.send("CLIENT UNBLOCK " + id + "\r\n"); holder.want(":1\r\n"); two.want("*-1\r\n") },
			func() { holder.unlocks("a", "tok-0"); one.wantGrant("tok-1", 60000) },
		} {
			f.waits(two, 2, "a", "tok-2")
			three.lock("a", 60000, "tok-3", "BLOCK", "0")
			three.want(want)
			three.lock("a", 60000, "tok-3")
			three.want("*-1\r\n")
			three.lock("b", 60000, "tok-3")
			three.wantGrant("tok-3", 60000)
			three.unlocks("b", "tok-3")
			free()
			f.wantWaiting(1)
			two = f.dial()
			id = two.id()
		}
		f.waits(three, 2, "a", "tok-3")
		one.unlocks("a", "tok-1")
		f.wantWaiting(1)
	}
}

// TestTooManyHolds hear so, and there is room again when one has ended in
// whatever way. A null, or a wait that ends, takes no room.
func TestTooManyHolds(t *testing.T) {
	t.Parallel()
	const limit = "-LIMIT as many locks are held with AUTOEXTEND as may (--max-holds); try again later, or without it\r\n"
	servers := redistest.Start(t, 3)
	f := startOn(t, servers, func(o *custom) { o.table.MaxHolds = 2 })
	c, other := f.dial(), f.dial()
	c.holds("a", 60000, "tok-a", "AUTOEXTEND")
	other.holds("b", 60000, "tok-b")
	for _, options := range [][]string{{}, {"BLOCK", "1"}, {"RETRY", "1"}} {
		other.lock("b", 60000, "tok-2", append(options, "AUTOEXTEND")...)
		other.want("*-1\r\n")
	}
	victim := f.dial()
	id := victim.id()
	for _, free := range []func(){
		func() { victim.unlocks("c", "tok-c") },
		func() { victim.close() },
		func() { victim.send("QUIT\r\n"); victim.want("+OK\r\n"); victim.wantEnd() },
		func() {
			other.send("CLIENT KILL ID " + id + "\r\n")
			other.want(":1\r\n")
			other.unlocks("c", "tok-c")
		},
		func() { other.unlocks("c", "tok-c"); victim.wantAlive() },
	} {
		eventually(t, "there is room for one", func() bool {
			victim.lock("c", 60000, "tok-c", "AUTOEXTEND")
			switch line := victim.line(); line + "\r\n" {
			case "*2\r\n":
				victim.want("$5\r\ntok-c\r\n:")
				victim.wantValidity(60000)
				return true
			case limit, "*-1\r\n": // the last one's end is under way
				return false
			default:
				t.Fatalf("got %q", line)
				return false
			}
		})
		other.lock("d", 60000, "tok-d", "AUTOEXTEND")
		other.want(limit)
		other.holds("d", 60000, "tok-d")
		other.unlocks("d", "tok-d")
		free()
		victim = f.dial()
		id = victim.id()
	}
	c.unlocks("a", "tok-a")
	other.unlocks("b", "tok-b")
	wantNoKeysOn(t, servers, f)
}

// TestWhoWaitsOrHoldsIsNotIdle: the connection of one who waits is not ended
// before the answer, and that of one who holds with AUTOEXTEND not before its
// locks are given back.
func TestWhoWaitsOrHoldsIsNotIdle(t *testing.T) {
	t.Parallel()
	const idle = 500 * time.Millisecond
	servers := redistest.Start(t, 3)
	f := startOn(t, servers, func(o *custom) { o.idle = idle })
	holds, waits, plain := f.dial(), f.dial(), f.dial()
	holds.holds("a", 60000, "tok-a", "AUTOEXTEND")
	f.waits(waits, 1, "a", "tok-w")
	plain.holds("b", 60000, "tok-b")
	plain.wantEnd() // the control: without AUTOEXTEND a lock is no reason to stay
	began := time.Now()
	eventually(t, "the time is over again", func() bool { return time.Since(began) > 2*idle })
	holds.wantAlive()
	holds.unlocks("a", "tok-a")
	waits.wantGrant("tok-w", 60000)
	waits.unlocks("a", "tok-w")
	holds.wantEnd()
	waits.wantEnd()
}

// TestIdleTimeBeginsWithTheLastReply: who has waited for it is not idle from the
// moment in which he asked.
func TestIdleTimeBeginsWithTheLastReply(t *testing.T) {
	t.Parallel()
	const idle = time.Second
	f := startOn(t, redistest.Start(t, 3), func(o *custom) { o.idle = idle })
	holds, waits := f.dial(), f.dial()
	holds.holds("a", 60000, "tok-a", "AUTOEXTEND")
	waits.lock("a", 60000, "tok-w", "BLOCK", "1300")
	waits.want("*-1\r\n")
	began := time.Now()
	waits.wantEnd()
	if took := time.Since(began); took < idle*9/10 { // the reply was written a moment before it was read
		t.Errorf("the connection was ended %v after its last reply, want %v", took, idle)
	}
	holds.unlocks("a", "tok-a")
}

package proxy_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

const hungUp = "-ERR the client closed the connection before the grant; it was undone\r\n"

// TestAClientThatGoesWhileItWaits leaves the queue at once, is never granted
// the lock, and is in nobody's way.
func TestAClientThatGoesWhileItWaits(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	for how, leave := range departures() {
		t.Run(how, func(t *testing.T) {
			holder, victim, next, watch := f.dial(), f.dial(), f.dial(), f.dial()
			holder.holds(how, 60000, "tok-holder")
			f.waits(victim, 1, how, "tok-victim")
			f.waits(next, 2, how, "tok-next")
			watch.wantBlocked(2)
			leave(victim)
			watch.wantBlocked(1)
			f.wantWaiting(1)
			holder.unlocks(how, "tok-holder")
			next.wantGrant("tok-next", 60000)
			for _, s := range servers {
				if v := s.Client().Get(t.Context(), how).Val(); strings.HasPrefix(v, "tok-victim") {
					t.Errorf("%s has the lock for the one who has gone", s.Addr())
				}
			}
			if how == "half-closed" {
				victim.want(hungUp)
				victim.wantEnd()
			}
			next.unlocks(how, "tok-next")
		})
	}
	wantNoKeysOn(t, servers, f)
}

// TestAClientThatGoesAsItIsGranted: whatever comes first, the next one gets the
// lock, long before its ttl is over.
func TestAClientThatGoesAsItIsGranted(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, next := f.dial(), f.dial()
	holder.holds("a", 60000, "tok-0")
	for range 20 {
		for _, leave := range departures() {
			victim := f.dial()
			f.waits(victim, 1, "a", "tok-victim", "AUTOEXTEND")
			f.waits(next, 2, "a", "tok-next")
			var both sync.WaitGroup
			both.Go(func() { leave(victim) })
			holder.unlocks("a", "tok-0")
			both.Wait()
			next.wantGrant("tok-next", 60000)
			f.waits(holder, 1, "a", "tok-0")
			next.unlocks("a", "tok-next")
			holder.wantGrant("tok-0", 60000)
			victim.close()
		}
	}
	holder.unlocks("a", "tok-0")
	wantNoKeysOn(t, servers, f)
}

// TestAClientGoesBeforeItHasAPlace in the queue, as the LOCK stands behind
// another of its own: it gets none any more.
func TestAClientGoesBeforeItHasAPlace(t *testing.T) {
	t.Parallel()
	f := start(t, setup{maxBlock: time.Hour})
	holder, first, victim := f.dial(), f.dial(), f.dial()
	slow, fast := f.twoLanes(holder)
	reached := f.holdUp(slow)
	holder.lock(slow, 60000, "tok-holder")
	reached()
	f.waits(first, 1, slow, "tok-first")
	victim.send(command("LOCK", slow, "60000", "TOKEN", "tok-1") +
		command("LOCK", slow, "60000", "TOKEN", "tok-2", "BLOCK", "0") +
		command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	eventually(t, "the last grant on all nodes", func() bool { return f.on(fast) == 3 })
	victim.close()
	eventually(t, "the hang-up is noticed", func() bool { return f.on(fast) == 0 })
	f.letGo(slow)
	holder.wantGrant("tok-holder", 60000)
	for range 10 { // those behind have been answered by then
		holder.send(command("EXTEND", slow, "tok-holder", "60000"))
		holder.want(":")
		holder.wantValidity(60000)
	}
	if n := f.quorum.Waiting(); n != 1 {
		t.Errorf("%d LOCKs wait, want only that of the client that is there", n)
	}
}

// TestAClientThatGoesBehindManyCommands: nothing more is read of its
// connection, and its end is seen all the same.
func TestAClientThatGoesBehindManyCommands(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, victim, watch := f.dial(), f.dial(), f.dial()
	holder.holds("a", 60000, "tok-holder")
	f.waits(victim, 1, "a", "tok-victim")
	watch.wantBlocked(1)
	victim.send(strings.Repeat("PING\r\n", 10000))
	victim.close()
	watch.wantBlocked(0)
	holder.unlocks("a", "tok-holder")
	wantNoKeysOn(t, servers, f)
}

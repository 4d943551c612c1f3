package proxy_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestANodeIsLostWhileALockIsExtended: it goes on with the others, also when the
// node comes back empty.
func TestANodeIsLostWhileALockIsExtended(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers, func(o *custom) { o.quorum.NodeTimeout = 500 * time.Millisecond })
	c, next := f.dial(), f.dial()
	const ttl = 1500 * time.Millisecond
	c.holds("a", 1500, "tok-a", "AUTOEXTEND")
	servers[0].Kill()
	wantExtended(t, servers[1:], time.Now(), ttl*5/4, "a")
	if err := servers[0].RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	f.waits(next, 1, "a", "tok-n")
	wantExtended(t, servers[1:], time.Now(), ttl/2, "a")
	c.wantAlive()
	c.unlocks("a", "tok-a")
	next.wantGrant("tok-n", 60000)
	next.unlocks("a", "tok-n")
	wantNoKeysOn(t, servers, f)
}

// victim is a client whose lock is going to be lost, and what it hears then.
type victim struct {
	*client
	front    *front
	mine     string // its lock
	held     string // another's
	validity time.Time
	end      chan time.Time
}

// lossTTL leaves a tenth of a second for telling the client.
const lossTTL = 1500

// circumstances are in which a lock is lost.
var circumstances = []struct {
	name          string
	before, after func(v *victim) // the nodes stand still
	want          string          // * is the lock
}{
	{"idle", none, none, ""},
	{"a LOCK that waits", waits, none, "-LOCKLOST *\r\n"},
	{"a LOCK that has asked the nodes, and a PING", none, func(v *victim) {
		v.lock(v.held, 60000, "tok-w", "BLOCK", "0")
		v.send("PING\r\n")
	}, "-LOCKLOST *\r\n+PONG\r\n"},
	{"an EXTEND", none, extends, "-LOCKLOST *\r\n"},
	{"an EXTEND behind a LOCK that waits", waits, extends, "-LOCKLOST *\r\n-LOCKLOST *\r\n"},
	{"LOCKs in RESP3", none, func(v *victim) {
		v.send(command("HELLO", "3"))
		v.skipGreeting()
		v.lock(v.mine+"2", 60000, "tok-2", "AUTOEXTEND")
		v.lock(v.mine+"3", 60000, "tok-3")
	}, "-LOCKLOST *\r\n-LOCKLOST *\r\n"},
	{"a LOCK that waits, without replies", func(v *victim) { v.send("CLIENT REPLY OFF\r\n"); waits(v) }, none, ""},
	{"an EXTEND without replies", none, func(v *victim) { v.send("CLIENT REPLY OFF\r\n"); extends(v) }, ""},
}

func none(*victim)      {}
func waits(v *victim)   { v.front.waits(v.client, v.front.quorum.Waiting()+1, v.held, "tok-w") }
func extends(v *victim) { v.send(command("EXTEND", v.mine, "tok-v", "60000")) }

// TestLocksAreLost as all nodes stand still: the connections are closed before
// the validity ends, and what is pending on them is told so. Nothing is written
// that was not asked for.
func TestLocksAreLost(t *testing.T) {
	t.Parallel()
	inTime(t, func() time.Duration { return loseLocks(t) })
}

// loseLocks tells how long after the end of its validity the last client saw the
// end of its connection.
func loseLocks(t *testing.T) (late time.Duration) {
	t.Helper()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, next := f.dial(), f.dial()
	var all []*victim
	for i, c := range circumstances {
		v := &victim{client: f.dial(), front: f, mine: fmt.Sprint("mine-", i), held: fmt.Sprint("held-", i)}
		all = append(all, v)
		holder.holds(v.held, 60000, "tok-h")
		v.holds(v.mine, lossTTL, "tok-v", "AUTOEXTEND")
		c.before(v)
	}
	resume := func() {
		for _, s := range servers {
			s.Resume()
		}
	}
	t.Cleanup(resume)
	for !pauseInTime(servers, holder, all) {
		resume()
	}
	for i, c := range circumstances {
		c.after(all[i])
		all[i].end = all[i].arrival()
	}
	late = -time.Hour
	for i, c := range circumstances {
		v := all[i]
		late = max(late, within(t, c.name+": the end", v.end).Sub(v.validity))
		v.want(strings.ReplaceAll(c.want, "*", v.mine))
		v.wantEnd()
	}
	resume()
	f.wantWaiting(0)
	for _, v := range all {
		holder.unlocks(v.held, "tok-h")
		for _, r := range []string{v.held, v.mine + "2", v.mine + "3"} {
			next.lock(r, 60000, "tok-n", "BLOCK", "0")
			next.wantGrant("tok-n", 60000)
		}
	}
	return late
}

// pauseInTime extends all locks and makes the nodes stand still, before the next
// extension is due; it tells whether that has worked.
func pauseInTime(servers []*redistest.Server, holder *client, all []*victim) bool {
	began := time.Now()
	for _, v := range all {
		asked := time.Now()
		holder.send(command("EXTEND", v.mine, "tok-v", fmt.Sprint(lossTTL)))
		holder.want(":")
		v.validity = asked.Add(time.Duration(holder.wantValidity(lossTTL)) * time.Millisecond)
	}
	for _, s := range servers {
		s.Pause()
	}
	return time.Since(began) < lossTTL/4*time.Millisecond
}

// TestANeighbourOfALostLock on the same connection is not released, as its
// holder may still be at work, and not extended any more.
func TestANeighbourOfALostLock(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	holder, c, next, other := f.dial(), f.dial(), f.dial(), elsewhere.dial()
	holder.holds("held", 60000, "tok-h")
	c.holds("lost", 1500, "tok-l", "AUTOEXTEND")
	c.holds("neighbour", 2000, "tok-c", "AUTOEXTEND")
	f.waits(next, 1, "neighbour", "tok-n")
	f.waits(c, 2, "held", "tok-c")
	other.unlocks("lost", "tok-l")
	c.want(lockLost("lost"))
	c.wantEnd()
	wantLapse(t, servers, "neighbour", next, "tok-n")
	holder.unlocks("held", "tok-h")
	next.unlocks("neighbour", "tok-n")
	wantNoKeysOn(t, servers, f, elsewhere)
}

// TestUnlockingOneOfTwoLocks leaves the other and its connection as they are.
func TestUnlockingOneOfTwoLocks(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	c, other := f.dial(), f.dial()
	c.holds("a", 1500, "tok-a", "AUTOEXTEND")
	c.holds("b", 1500, "tok-b", "AUTOEXTEND")
	other.unlocks("a", "tok-a")
	wantExtended(t, servers, time.Now(), 1800*time.Millisecond, "b")
	c.wantAlive()
	c.unlocks("b", "tok-b")
	wantNoKeysOn(t, servers, f)
}

// TestAGrantOfALockThatIsLost before its reply could be written is not told.
func TestAGrantOfALockThatIsLost(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	holder, c, other := f.dial(), f.dial(), elsewhere.dial()
	holder.holds("held", 60000, "tok-h")
	f.waits(c, 1, "held", "tok-c")
	c.lock("a", 2000, "tok-a", "AUTOEXTEND") // its reply stands behind the one above
	eventually(t, "it is granted", func() bool { return left(t, servers, "a")[0] > 0 })
	other.unlocks("a", "tok-a")
	c.want(lockLost("a") + lockLost("a"))
	c.wantEnd()
	holder.unlocks("held", "tok-h")
	wantNoKeysOn(t, servers, f, elsewhere)
}

// TestLostLocksAreInTheLog, each with its client and why, and never its token.
func TestLostLocksAreInTheLog(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	admin := f.dial()
	logged := func(reason, resource string) {
		t.Helper()
		c := f.dial()
		c.send(command("CLIENT", "SETNAME", "worker-"+reason))
		c.want("+OK\r\n")
		c.holds(resource, 1500, "tok-c", "AUTOEXTEND")
		switch reason {
		case "not_held":
			for _, s := range servers {
				if err := s.Client().Del(t.Context(), resource).Err(); err != nil {
					t.Fatal(err)
				}
			}
		case "forced":
			admin.send(command("FORCEUNLOCK", resource))
			admin.want(":1\r\n")
		case "no_quorum":
			servers[0].Kill()
			servers[1].Kill()
		}
		want := regexp.MustCompile(`level=WARN msg="a lock with AUTOEXTEND is lost, and its connection closed: see that its client stopped, and find out [^"]+" ` +
			`resource="` + resource + `" reason=` + reason + ` client=` + regexp.QuoteMeta(c.conn.LocalAddr().String()) + ` name=worker-` + reason + ` user=default`)
		eventually(t, "the log has "+want.String(), func() bool { return want.MatchString(f.log.String()) })
		c.wantEnd()
	}
	logged("not_held", "orders 17")
	logged("forced", "orders 18")
	logged("no_quorum", "orders 19")
}

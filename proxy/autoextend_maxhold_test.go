package proxy_test

import (
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// mostHeld is MAXHOLD in these tests, for some ttls.
const mostHeld = 2500 * time.Millisecond

// bounded is a lock with MAXHOLD, and who wants it next.
type bounded struct {
	resource       string
	c, next        *client
	began, end     time.Time // it ends at the latest then
	ended, granted chan time.Time
}

// TestALockIsHeldForMAXHOLDAndNoLonger: it is extended until then, whatever its
// client asks for, its connection ends before the next one has the lock, and
// that is then.
func TestALockIsHeldForMAXHOLDAndNoLonger(t *testing.T) {
	t.Parallel()
	inTime(t, func() time.Duration { return holdForMost(t) })
}

// holdForMost tells how long after the next one had the lock its holder saw the
// end, in the worst of three cases.
func holdForMost(t *testing.T) (late time.Duration) {
	t.Helper()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	limited := startOn(t, servers, func(o *custom) { o.table.MaxHold = mostHeld })
	holder := f.dial()
	holder.holds("held", 60000, "tok-h")
	all := []*bounded{
		f.hold("by MAXHOLD", 1, "AUTOEXTEND", "MAXHOLD", "2500"),
		f.hold("extended", 3, "MAXHOLD", "2500", "AUTOEXTEND"),
		limited.hold("by --max-hold", 1, "AUTOEXTEND"),
	}
	asked := time.Now()
	holder.send(command("EXTEND", "extended", "tok-c", "60000"))
	holder.want(":")
	if v := holder.wantValidity(60000); time.Duration(v)*time.Millisecond > all[1].end.Sub(asked) {
		t.Errorf("EXTEND gave %d ms with %v to go", v, all[1].end.Sub(asked))
	}
	for time.Now().Before(all[0].end) {
		for _, b := range all {
			b.wantGone(t, servers)
		}
		time.Sleep(5 * time.Millisecond)
	}
	late = -time.Hour
	for _, b := range all {
		ended, granted := within(t, b.resource+": the end", b.ended), within(t, b.resource+": the next grant", b.granted)
		late = max(late, ended.Sub(granted))
		if held := granted.Sub(b.began); held < mostHeld*2/3 {
			t.Errorf("%s: the next had the lock after %v", b.resource, held)
		}
		b.c.want(lockLost(b.resource))
		b.c.wantEnd()
		b.next.wantGrant("tok-n", 60000)
		b.next.unlocks(b.resource, "tok-n")
	}
	holder.unlocks("held", "tok-h")
	wantNoKeysOn(t, servers, f, limited)
	return late
}

// hold takes a lock, with others that wait for it and for what its client waits
// for; the first of them is the number of all who wait through this proxy.
func (f *front) hold(resource string, waiting int, options ...string) *bounded {
	f.t.Helper()
	b := &bounded{resource: resource, c: f.dial(), next: f.dial(), began: time.Now()}
	b.c.holds(resource, 1000, "tok-c", options...)
	b.end = time.Now().Add(mostHeld)
	f.waits(b.next, waiting, resource, "tok-n")
	f.waits(b.c, waiting+1, "held", "tok-w "+resource)
	b.ended, b.granted = b.c.arrival(), b.next.arrival()
	return b
}

// wantGone wants the keys to be gone by the end, unless the next one has them.
// They may last longer by what the request for them was on its way.
func (b *bounded) wantGone(t *testing.T, servers []*redistest.Server) {
	t.Helper()
	now := time.Now()
	const onItsWay = 400 * time.Millisecond
	for _, d := range left(t, servers, b.resource) {
		if over := d - b.end.Sub(now); over > onItsWay && len(b.granted) == 0 {
			t.Fatalf("%s: a key lasts %v beyond MAXHOLD", b.resource, over)
		}
	}
}

// TestAReleaseBeforeMAXHOLD is the end of it: the connection goes on.
func TestAReleaseBeforeMAXHOLD(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	c, again := f.dial(), f.dial()
	began := time.Now()
	c.holds("a", 1000, "tok-a", "AUTOEXTEND", "MAXHOLD", "1000")
	c.unlocks("a", "tok-a")
	c.holds("b", 1000, "tok-b", "AUTOEXTEND", "MAXHOLD", "1000")
	again.holds("b", 60000, "tok-b", "AUTOEXTEND") // takes it up, for longer
	eventually(t, "MAXHOLD is over", func() bool { return time.Since(began) > 1500*time.Millisecond })
	c.wantAlive()
	again.wantAlive()
	again.unlocks("b", "tok-b")
	wantNoKeysOn(t, servers, f)
}

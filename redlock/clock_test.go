package redlock

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// clocked is a guard with one node, whose clock the test reads out.
type clocked struct {
	t     *testing.T
	guard *guard
	now   time.Time
	node  time.Duration // the node's clock
}

func newClocked(t *testing.T) *clocked {
	t.Helper()
	q := open(t, Options{Nodes: at("127.0.0.1:1"), MaxTTL: time.Minute})
	return &clocked{t: t, guard: q.guard, now: time.Now()}
}

// after lets time go on here and there, and looks at the node, which takes trip.
func (c *clocked) after(here, there, trip time.Duration) (mistrusted time.Duration) {
	c.now, c.node = c.now.Add(here), c.node+there
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	m := &c.guard.members[0].clock
	m.note(c.guard, sighting{run: "r", clock: c.node.Microseconds(), sent: c.now, received: c.now.Add(trip)})
	return max(0, m.mistrusted.Sub(c.now))
}

func TestAClockThatRunsAheadIsMistrusted(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	cases := []struct {
		name        string
		here, there time.Duration
		trip        time.Duration
		least, most time.Duration
	}{
		{"as ours", 500 * ms, 500 * ms, ms, 0, 0},
		{"within the drift", 500 * ms, 506 * ms, 0, 0, 0},
		{"a step back", 500 * ms, -time.Hour, ms, 0, 0},
		{"a slow answer proves nothing", 500 * ms, 600 * ms, 200 * ms, 0, 0},
		// 100 ms less the 7 that drift allows in half a second: of locks with a ttl
		// over 9.3 s the drift covers it.
		{"a step", 500 * ms, 600 * ms, 0, 9 * time.Second, 10 * time.Second},
		{"a leap", 500 * ms, time.Hour, 0, time.Minute, 62 * time.Second},
		{"from 1970 to now", 500 * ms, 56 * 365 * 24 * time.Hour, 0, time.Minute, 62 * time.Second},
	}
	for _, tt := range cases {
		c := newClocked(t)
		c.after(0, time.Hour, 0)
		if got := c.after(tt.here, tt.there, tt.trip); got < tt.least || got > tt.most {
			t.Errorf("%s: mistrusted for %v, want %v to %v", tt.name, got, tt.least, tt.most)
		}
	}
}

// TestAFastClockIsFoundInTime: each step is within what two looks can tell.
func TestAFastClockIsFoundInTime(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.after(0, time.Hour, 0)
	for i := range 100 {
		if c.after(500*time.Millisecond, 508*time.Millisecond, time.Millisecond) > 0 {
			t.Logf("after %d looks", i)
			return
		}
	}
	t.Error("a clock that runs 1.6 % fast is trusted")
}

// suspendable is a quorum on a machine that is suspended for as long as the test
// adds to what it gives.
func suspendable(t *testing.T, reach ...string) (*Quorum, *atomic.Int64) {
	t.Helper()
	slept := &atomic.Int64{}
	o := Options{Nodes: at(reach...), NodeTimeout: patient, FirstStart: FirstStartForce}
	s := seams{dial: newRedisWire, chance: func() float64 { return 0.5 }, asleep: func() time.Duration { return time.Duration(slept.Load()) }}
	s.apart = func(time.Time) time.Duration { return time.Hour + s.asleep() }
	q, err := newQuorumOver(t.Context(), o, soundRules(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close(context.Background()) })
	warm(t, q)
	return q, slept
}

// flushedInSleep lets one of the two nodes that have a lock lose it, which no look
// has found yet, and the third be free. It tells whether another is granted the
// lock after the machine was suspended for so long.
func flushedInSleep(t *testing.T, slept time.Duration) bool {
	t.Helper()
	servers := redistest.Start(t, 3)
	q, suspended := suspendable(t, addresses(servers)...)
	mustLock(t, q, lockFor("a", time.Minute))
	settled(t, q)
	if err := servers[2].Client().Del(t.Context(), "a").Err(); err != nil {
		t.Fatal(err)
	}
	flush(t, servers[0])
	suspended.Add(int64(slept))
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	return err == nil
}

// TestALookFromBeforeASuspensionIsTooOld, though by the monotonic clock it was just
// now. Without the suspension it counts: that is the limit of section 7 of
// GUARANTEES.md, and shows that this would be noticed.
func TestALookFromBeforeASuspensionIsTooOld(t *testing.T) {
	t.Parallel()
	noticed := false
	for range 10 { // a look may come at that very moment
		if noticed = flushedInSleep(t, 0); noticed {
			break
		}
	}
	if !noticed {
		t.Error("a node that was flushed just now never voted: the scenario shows nothing")
	}
	for range 3 {
		if flushedInSleep(t, 10*time.Second) {
			t.Error("the vote of a node counted that was looked at before the suspension")
		}
	}
}

// TestALockAfterASuspension is granted by nodes that were looked at since.
func TestALockAfterASuspension(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q, slept := suspendable(t, addresses(servers)...)
	for range 5 {
		began := time.Now()
		slept.Add(int64(10 * time.Second))
		g := mustLock(t, q, lockFor("a", time.Minute))
		looked := 0
		q.guard.mu.Lock()
		for _, m := range q.guard.members {
			if m.seen.After(began) {
				looked++
			}
		}
		q.guard.mu.Unlock()
		if looked < q.Needed() {
			t.Errorf("%d nodes were looked at", looked)
		}
		mustUnlock(t, q, g)
	}
}

// TestASuspensionAfterTheGrant is in its validity as soon as somebody asks, with no
// node's answer in between: as when the machine is suspended before the reply is
// written.
func TestASuspensionAfterTheGrant(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q, slept := suspendable(t, addresses(servers)...)
	const ttl, nap = 30 * time.Second, time.Second
	granted := mustLock(t, q, Request{Resource: "a", Token: "mine", TTL: ttl, Owned: true})
	hold := q.Hold(granted, ttl, time.Hour, func(*Hold, error) {})
	limited := q.Hold(mustLock(t, q, Request{Resource: "b", Token: "mine", TTL: ttl, Owned: true}), ttl, ttl, func(*Hold, error) {})
	other := mustLock(t, q, Request{Resource: "c", Token: "mine", TTL: ttl})
	extended, err := q.Extend(t.Context(), Request{Resource: "c", Token: "mine", TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	atItsLimit, err := q.Extend(t.Context(), Request{Resource: "b", Token: "mine", TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, q)
	for name, validity := range map[string]func(time.Time) time.Duration{
		"a LOCK": granted.Validity, "another": other.Validity, "an EXTEND": extended.Validity,
		"an EXTEND of a Hold": atItsLimit.Validity, "a Hold": hold.Validity, "one at its limit": limited.Validity,
	} {
		now := time.Now()
		before := validity(now)
		slept.Add(int64(nap))
		if got := before - validity(now); got != nap {
			t.Errorf("of %s a suspension of %v took %v", name, nap, got)
		}
	}
	slept.Add(int64(time.Minute))
	for name, left := range map[string]time.Duration{"a LOCK": granted.Validity(time.Now()), "an EXTEND": extended.Validity(time.Now()), "a Hold": hold.Validity(time.Now())} {
		if left > 0 {
			t.Errorf("%s from before a suspension for longer than its ttl is valid for %v", name, left)
		}
	}
}

// TestTheClocksGoApartWithASuspension only: that is how it is noticed without
// asking the system at each reply.
func TestTheClocksGoApartWithASuspension(t *testing.T) {
	t.Parallel()
	asked := 0
	q := &Quorum{epoch: time.Now(), guard: new(guard), keeper: newKeeper()}
	q.options.Logger = slog.New(slog.DiscardHandler)
	q.seams.asleep = func() time.Duration { asked++; return 0 }
	q.seams.apart = q.clocksApart
	for range 1000 {
		q.awakenAt(time.Now())
	}
	if asked > 10 { // a thread that is kept from running between the two readings
		t.Errorf("the system was asked %d times of 1000", asked)
	}
	asked = 0
	q.seams.apart = func(now time.Time) time.Duration { return q.clocksApart(now) + time.Second }
	q.awakenAt(time.Now())
	if asked != 1 {
		t.Errorf("a wall clock that was set made it ask %d times", asked)
	}
}

func BenchmarkValidity(b *testing.B) {
	q := open(b, Options{Nodes: at("127.0.0.1:1")})
	g := Grant{Until: time.Now(), quorum: q}
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"as it is", func() { g.Validity(time.Now()) }},
		{"asking the system", func() { q.awaken(); _ = time.Until(g.until()) }},
		{"the clock alone", func() { _ = time.Until(g.Until) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.do()
			}
		})
	}
}

// TestASuspendedMachineStretchesNoValidity: its monotonic clock stood still, the
// nodes' did not.
func TestASuspendedMachineStretchesNoValidity(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	wires := make([]*redistest.Wire, len(servers))
	var reach []string
	for i, s := range servers {
		wires[i] = redistest.StartWire(t, s.Addr())
		reach = append(reach, wires[i].Addr())
	}
	q, slept := suspendable(t, reach...)

	// A grant in flight.
	const ttl = 30 * time.Second
	each(wires, func(w *redistest.Wire) { w.Delay(300 * time.Millisecond) })
	outcome := make(chan error, 2)
	q.StartLock(t.Context(), lockFor("a", ttl), func(_ Grant, err error) { outcome <- err })
	slept.Add(int64(time.Minute))
	wantErr(t, "a Lock that slept longer than its ttl", <-outcome, ErrTooLate)
	each(wires, func(w *redistest.Wire) { w.Delay(0) })

	// One that goes on.
	g := mustLock(t, q, Request{Resource: "b", Token: "mine", TTL: ttl, Owned: true})
	lost := make(chan error, 1)
	h := q.Hold(g, ttl, time.Hour, func(_ *Hold, err error) { lost <- err })
	before := h.Until()
	slept.Add(int64(ttl) / 3)
	eventually(t, "its validity is shorter", func() bool {
		return h.Until().Before(before.Add(-ttl/3+time.Second)) || h.Until().After(before.Add(time.Second))
	})
	slept.Add(int64(time.Minute))
	select {
	case err := <-lost:
		wantErr(t, "a Hold that slept longer than its ttl", err, ErrLost)
	case <-time.After(patient):
		t.Error("nobody noticed")
	}
}

// TestAClockFarFromTheOthersIsWarnedOf, once until it is mended.
func TestAClockFarFromTheOthersIsWarnedOf(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	q := open(t, Options{Nodes: at("127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"), MaxTTL: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	now := time.Now()
	look := func(i int, ahead time.Duration) {
		s := sighting{run: fmt.Sprint("r", i, ahead), clock: now.Add(ahead).UnixMicro(), sent: now, received: now}
		q.guard.mu.Lock()
		defer q.guard.mu.Unlock()
		q.guard.note(&q.guard.members[i], s)
	}
	const warning = "differs from the other nodes'"
	for _, step := range []struct {
		ahead time.Duration
		want  int
	}{{0, 0}, {7 * time.Second, 0}, {9 * time.Second, 1}, {time.Hour, 1}, {0, 1}, {-9 * time.Second, 2}} {
		look(0, 0)
		look(1, 0)
		look(2, step.ahead)
		if n := strings.Count(log.String(), warning); n != step.want {
			t.Errorf("%v ahead: %d warnings, want %d", step.ahead, n, step.want)
		}
	}
}

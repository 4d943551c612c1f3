package redlock

import (
	"log/slog"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestWarningsSayWhatToDo: the lines that are about safety, as they are emitted.
func TestWarningsSayWhatToDo(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	var log lockedBuffer
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	var slept atomic.Int64
	o := Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, MaxTTL: time.Minute, FirstStart: FirstStartForce, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	s := seams{dial: newRedisWire, chance: func() float64 { return 0.5 }, asleep: func() time.Duration { return time.Duration(slept.Load()) }}
	q, err := newQuorumOver(t.Context(), o, soundRules(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close(t.Context()) })
	warm(t, q)
	for _, w := range []struct {
		cause func()
		want  string
	}{
		{func() { restartEmpty(t, servers[0]) },
			`level=WARN msg="node casts no votes for now, and still extends and releases; the locks it may have forgotten must lapse first: ` +
				`restart no other node until then, it votes again by itself" node=n1 err="no votes for 1m\d+s, as it may have forgotten locks`},
		{func() { leap(q, 1, time.Hour) },
			`level=WARN msg="the node's clock went ahead of ours by more than the drift allows; it casts no votes until the locks that may have ended too soon ` +
				`have lapsed, then again by itself: let NTP slew its clock and nothing step it" node=n2 ahead=(59m5\d|1h0m0)[.0-9]*s for=1m`},
		{func() { slept.Add(int64(time.Minute)) },
			`level=WARN msg="this machine was suspended: locks that were kept or granted here may have lapsed meanwhile; ` +
				`run proxies where nothing suspends the machine" for=1m0s`},
	} {
		w.cause()
		want := regexp.MustCompile(w.want)
		eventually(t, "the log has "+w.want, func() bool { return want.MatchString(log.String()) })
	}
}

// leap lets a node's clock seem to have been set ahead since it was last looked at.
func leap(q *Quorum, i int, ahead time.Duration) {
	g := q.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	c, now := &g.members[i].clock, time.Now()
	c.note(g, sighting{run: c.run, clock: c.before.node + (q.since(now) - c.before.sent + ahead).Microseconds(), sent: now, received: now})
}

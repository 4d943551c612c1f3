package redlock

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"redlock-proxy/internal/redistest"
)

// bothSides cuts five nodes in two, with a proxy on each side that reaches two
// of them, and reports how many of the two are granted the same lock.
func bothSides(t *testing.T, r rules) int {
	t.Helper()
	servers := redistest.Start(t, 5)
	granted := 0
	for side := range 2 {
		var reach []string
		for i, s := range servers {
			w := redistest.StartWire(t, s.Addr())
			w.Refuse(i/2 != side)
			reach = append(reach, w.Addr())
		}
		q := openBroken(t, Options{Nodes: at(reach...)}, r)
		if _, err := q.Lock(t.Context(), lockFor("a", time.Minute)); err == nil {
			granted++
		}
	}
	return granted
}

func TestMinoritiesGrantNothing(t *testing.T) {
	t.Parallel()
	if granted := bothSides(t, soundRules()); granted != 0 {
		t.Errorf("%d grants by two of five nodes", granted)
	}
}

// TestQuorumOfHalfWouldBeNoticed is the control of the test above.
func TestQuorumOfHalfWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.majority = func(nodes int) int { return nodes / 2 }
	if granted := bothSides(t, broken); granted != 2 {
		t.Errorf("with a quorum of N/2 there were %d grants, want 2: the schedule shows nothing", granted)
	}
}

// fastNodes lets three nodes' clocks run 9 % fast under a drift factor of 10 %
// and reports how long before the end of the first holder's validity a second
// one is granted: positive is a violation.
func fastNodes(t *testing.T, r rules) time.Duration {
	t.Helper()
	var reach []string
	var nodes []*miniredis.Miniredis
	for range 3 {
		m := miniredis.RunT(t) // its keys expire only when told to
		nodes = append(nodes, m)
		reach = append(reach, m.Addr())
	}
	q := openBroken(t, Options{Nodes: at(reach...), DriftFactor: 0.1}, r)
	const ttl = 1500 * time.Millisecond
	first := mustLock(t, q, lockFor("a", ttl))
	begin := time.Now()
	var told time.Duration
	var second Grant
	eventually(t, "the second is granted", func() bool {
		now := time.Duration(float64(time.Since(begin)) * 1.09)
		for _, m := range nodes {
			m.FastForward(now - told)
		}
		told = now
		var err error
		second, err = q.Lock(t.Context(), lockFor("a", ttl))
		return err == nil
	})
	granted := second.Until.Add(r.drift(ttl, 0.1) - ttl) // when its attempt began
	return first.Until.Sub(granted)
}

func TestDriftCoversFastClocks(t *testing.T) {
	t.Parallel()
	if overlap := fastNodes(t, soundRules()); overlap > 0 {
		t.Errorf("two holders for %v", overlap)
	}
}

// TestNoDriftWouldBeNoticed is the control of the test above. A machine that
// is busy for the 120 ms in question hides the violation, so it may try again.
func TestNoDriftWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.drift = func(time.Duration, float64) time.Duration { return 0 }
	for range 5 {
		if fastNodes(t, broken) > 0 {
			return
		}
	}
	t.Error("without drift no two holders met: the schedule shows nothing")
}

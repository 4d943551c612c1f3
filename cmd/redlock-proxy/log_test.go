package main

import (
	"fmt"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// TestTheLogIsOfStatesNotOfRequests: locks log nothing, and a node that goes
// away and comes back logs a line each, however many connections it has. What
// the proxy may not do at a node is told once for the node.
func TestTheLogIsOfStatesNotOfRequests(t *testing.T) {
	t.Parallel()
	const mayNot = "may not use CLIENT ID, CLIENT KILL or INFO"
	servers := redistest.Start(t, 3, "--user", "limited", "on", ">pw", "~*", "&*", "+@all", "-client|id")
	var args []string
	for _, s := range servers {
		args = append(args, "--node=redis://limited:pw@"+s.Addr())
	}
	r := start(t, args...)
	locks := func(from, n int) {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "LOCK r%d 60000 TOKEN t\nUNLOCK r%d t\n", from+i, from+i)
		}
		if got := lines(pipe(t, b.String(), "redis-cli", "-p", r.port())); len(got) != 3*n {
			t.Fatalf("%d lines from redis-cli, want %d", len(got), 3*n)
		}
	}
	locks(0, 200) // opens the lanes
	eventually(t, "each node's warning is told", func() bool { return strings.Count(r.stderr.String(), mayNot) >= len(servers) })
	before := r.stderr.String()
	locks(200, 200)
	if got := strings.TrimPrefix(r.stderr.String(), before); got != "" {
		t.Errorf("200 locks logged\n%s", got)
	}

	away := servers[0]
	for round := 1; round <= 2; round++ {
		away.Pause()
		eventually(t, "the node is down", func() bool {
			locks(1000*round, 10)
			return strings.Count(r.stderr.String(), "node is down") >= round
		})
		locks(1000*round+500, 50)
		away.Resume()
		eventually(t, "the node is back", func() bool { return strings.Count(r.stderr.String(), "node answers again") >= round })
		locks(1000*round+600, 50)
		for _, line := range []string{"node is down", "node answers again"} {
			if n := strings.Count(r.stderr.String(), line); n != round {
				t.Errorf("%q is logged %d times after it happened %d times:\n%s", line, n, round, r.stderr)
			}
		}
	}
	if n := strings.Count(r.stderr.String(), mayNot); n != 3 {
		t.Errorf("%q is logged %d times for 3 nodes:\n%s", mayNot, n, r.stderr)
	}
}

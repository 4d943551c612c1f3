package admin

import (
	"fmt"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// nodeView is a line of the table of nodes.
type nodeView struct {
	Name, State, Class string
	Left               string // of a quarantine
	Why                string // it does not vote
	Latency            string // of the last batches, in words
	Points, Course     string // of the minute, as a line and in words
	Skew               string
}

// nodes adds how each node does.
func (v *view) nodes(stats []redlock.NodeStats, samples []sample) {
	for i, n := range stats {
		line := nodeView{Name: shown(n.Name), State: stateOf(n.NodeState), Latency: "–", Skew: "–"}
		line.Class = classOf(line.State)
		if left := quarantineLeft(n.NodeState); left > 0 {
			line.Left = seconds(left)
		}
		if !n.Votes() {
			line.Why = shown(reason(n.NodeState))
		}
		line.draw(i, samples)
		if n.Down != nil {
			line.Latency = "–" // what it took once is in the line
		} else if n.SkewKnown {
			line.Skew = signed(n.Skew)
		}
		v.Nodes = append(v.Nodes, line)
	}
}

// signed writes by how much a clock is ahead.
func signed(d time.Duration) string {
	tenths := d.Round(time.Millisecond / 10)
	if tenths == 0 {
		return "0 ms"
	}
	return fmt.Sprintf("%+.1f ms", float64(tenths)/float64(time.Millisecond))
}

// classOf gives a state its colour.
func classOf(state string) string {
	switch state {
	case redlock.StateAdmitted:
		return "good"
	case redlock.StateQuarantined, redlock.StateWaiting:
		return "warn"
	}
	return "bad"
}

// draw makes the line of mean round trips, a point for each two samples between
// which there were any.
func (n *nodeView) draw(i int, samples []sample) {
	type point struct{ age, took float64 }
	var points []point
	var low, high float64
	newest := samples[len(samples)-1].at
	for j := 1; j < len(samples); j++ {
		before, now := samples[j-1].nodes[i], samples[j].nodes[i]
		if now.count == before.count {
			continue
		}
		took := (now.sum - before.sum) / float64(now.count-before.count)
		if len(points) == 0 {
			low = took
		}
		low, high = min(low, took), max(high, took)
		points = append(points, point{newest.Sub(samples[j].at).Seconds(), took})
	}
	if len(points) == 0 {
		return
	}
	n.Latency = millis(points[len(points)-1].took)
	n.Course = "between " + millis(low) + " and " + millis(high) + " in the last minute"
	var line strings.Builder
	for _, p := range points { // of 60 by 160, from the bottom
		fmt.Fprintf(&line, "%.0f,%.0f ", max(60-p.age, 0), 155-150*p.took/max(high, 1e-9))
	}
	n.Points = strings.TrimSpace(line.String())
}

package admin

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"redlock-proxy/commands"
	"redlock-proxy/redlock"
)

// nodeCollector tells how each node does. The label is the node's name as it is
// in --node, without credentials.
type nodeCollector struct {
	table *commands.Table

	up, state, quarantine, skew metric
	answers, latency, batch     metric
	queued, late, owed          metric
}

func newNodeCollector(t *commands.Table) *nodeCollector {
	return &nodeCollector{
		table:      t,
		up:         gauge("node_up", "1 when the node is asked, 0 when it is down and only pinged.", "node"),
		state:      gauge("node_state", "1 for the state that the node is in: admitted (it votes), quarantined, waiting, refused or down (it does not answer).", "node", "state"),
		quarantine: gauge("node_quarantine_seconds", "How long the node will cast no votes yet; 0 when it is not quarantined.", "node"),
		skew:       gauge("node_clock_skew_seconds", "By how much the node's clock is ahead of the median of all nodes'.", "node"),
		answers:    counter("node_requests_total", "Requests to the node by what came of them.", "node", "outcome"),
		latency:    histogram("node_round_trip_seconds", "How long the node took for a batch of requests that it answered.", "node"),
		batch:      histogram("node_batch_requests", "Requests that went to the node in one batch.", "node"),
		queued:     gauge("node_queued_requests", "Requests that wait to be sent to the node.", "node"),
		late:       gauge("node_queue_seconds", "How long the first request of the batch under way had waited.", "node"),
		owed:       gauge("node_owed_releases", "Releases that the node must still get.", "node"),
	}
}

// Describe implements prometheus.Collector.
func (c *nodeCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *nodeCollector) Collect(ch chan<- prometheus.Metric) {
	to := sink(ch)
	for _, n := range c.table.Quorum.Stats().Nodes {
		to.value(c.up, number(n.Down == nil), n.Name)
		now := stateOf(n.NodeState)
		for _, state := range states() {
			to.value(c.state, number(state == now), n.Name, state)
		}
		to.value(c.quarantine, quarantineLeft(n.NodeState).Seconds(), n.Name)
		if n.SkewKnown {
			to.value(c.skew, n.Skew.Seconds(), n.Name)
		}
		to.values(c.answers, n.Answers, n.Name)
		to.histogram(c.latency, n.Latency, n.Name)
		to.histogram(c.batch, n.Batch, n.Name)
		to.value(c.queued, float64(n.Queued), n.Name)
		to.value(c.late, n.Late.Seconds(), n.Name)
		to.value(c.owed, float64(n.Owed), n.Name)
	}
}

const stateDown = "down"

func states() []string {
	return []string{redlock.StateAdmitted, redlock.StateQuarantined, redlock.StateWaiting, redlock.StateRefused, stateDown}
}

// stateOf is the one state of a node. What it was when it last answered says
// nothing of one that is down.
func stateOf(n redlock.NodeState) string {
	switch {
	case n.Refused():
		return redlock.StateRefused
	case n.Down != nil:
		return stateDown
	case n.State == "":
		return redlock.StateWaiting
	}
	return n.State
}

func quarantineLeft(n redlock.NodeState) time.Duration {
	if n.Until.IsZero() {
		return 0
	}
	return max(time.Until(n.Until), 0)
}

package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"redlock-proxy/commands"
)

// quorumCollector tells what became of the calls for locks.
type quorumCollector struct {
	table *commands.Table

	operations, lost, undone, split      metric
	grant, wait, round, validity         metric
	waiting, held, needed, nodes, voting metric
}

func newQuorumCollector(t *commands.Table) *quorumCollector {
	return &quorumCollector{
		table:      t,
		operations: counter("operations_total", "Locks asked for, extended (also by AUTOEXTEND, auto_extend) and released, by what came of it.", "operation", "outcome"),
		lost:       counter("lost_locks_total", "Locks with AUTOEXTEND that could no longer be held, by reason.", "reason"),
		undone:     counter("undone_grants_total", "Grants that were taken back as they could not be delivered in time."),
		split:      counter("split_votes_total", "Attempts that nobody could win, as several asked at once."),
		grant:      histogram("lock_grant_seconds", "From a LOCK to its grant, with any waiting."),
		wait:       histogram("lock_wait_seconds", "How long LOCKs waited that did wait, whatever they got."),
		round:      histogram("quorum_round_trip_seconds", "From asking all nodes for a lock to what a majority says."),
		validity:   histogram("lock_validity_seconds", "Validity that was left at the grant."),
		waiting:    gauge("waiting_locks", "LOCKs that wait."),
		held:       gauge("held_locks", "Locks that are kept with AUTOEXTEND."),
		needed:     gauge("quorum_nodes_needed", "Nodes that make a majority."),
		nodes:      gauge("quorum_nodes", "Nodes there are."),
		voting:     gauge("quorum_nodes_voting", "Nodes that answer and may vote."),
	}
}

// Describe implements prometheus.Collector.
func (c *quorumCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *quorumCollector) Collect(ch chan<- prometheus.Metric) {
	s, to := c.table.Quorum.Stats(), sink(ch)
	to.values(c.operations, s.Locks, "lock")
	to.values(c.operations, s.Extends, "extend")
	to.values(c.operations, s.Unlocks, "unlock")
	to.values(c.operations, s.AutoExtends, "auto_extend")
	to.values(c.lost, s.Losses)
	to.value(c.undone, float64(s.Undone))
	to.value(c.split, float64(s.SplitVotes))
	to.histogram(c.grant, s.GrantTime)
	to.histogram(c.wait, s.WaitTime)
	to.histogram(c.round, s.RoundTrip)
	to.histogram(c.validity, s.Validity)
	to.value(c.waiting, float64(s.Waiting))
	to.value(c.held, float64(s.Held))
	voting := 0
	for _, n := range s.Nodes {
		if n.Votes() {
			voting++
		}
	}
	to.value(c.needed, float64(c.table.Quorum.Needed()))
	to.value(c.nodes, float64(len(s.Nodes)))
	to.value(c.voting, float64(voting))
}

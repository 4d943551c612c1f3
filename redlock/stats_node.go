package redlock

import (
	"sync/atomic"
	"time"
)

// NodeStats is what a node has done since the Quorum was made, and its state.
type NodeStats struct {
	NodeState

	// Answers are requests by what came of them. Every one of Answer… is there.
	Answers map[string]uint64
	// Latency is how long the node took for a batch of requests, of those that it
	// answered.
	Latency Histogram
	// Batch is how many requests went in one batch; its bounds are numbers.
	Batch Histogram

	Queued int           // requests that wait to be sent
	Late   time.Duration // how long the first of the batch under way had waited
	Owed   int           // releases that the node must still get
	// Skew is by how much the node's clock is ahead of the median of all nodes'.
	// It is known when the node was looked at.
	Skew      time.Duration
	SkewKnown bool
}

// What comes of a request to a node.
const (
	AnswerYes        = "yes"
	AnswerNo         = "no"         // held by another, or not held by this token
	AnswerFenced     = "fenced"     // to be had, but not with this fence
	AnswerForgot     = "forgot"     // no, by a node that may have forgotten the lock
	AnswerFailed     = "failed"     // an error, or it could not be sent
	AnswerUnanswered = "unanswered" // sent; it may be executed, or not
	AnswerNotAsked   = "not_asked"  // the node is down, or its queue full or too slow
)

// nodeCounters are counted by the lanes, once for each batch.
type nodeCounters struct {
	verdicts [unknown + 1]atomic.Uint64
	notAsked atomic.Uint64
	latency  timings
	batch    histogram
}

func newNodeCounters() *nodeCounters {
	return &nodeCounters{latency: newTimings(), batch: newHistogram(1, []int64{1, 2, 4, 8, 16, 32, 64, 128, maxBatch})}
}

// exchanged counts a batch that began then.
func (c *nodeCounters) exchanged(began time.Time, answers []answer) {
	var counts [unknown + 1]uint64
	for i := range answers {
		counts[answers[i].verdict]++
	}
	for v, n := range counts {
		if n > 0 {
			c.verdicts[v].Add(n)
		}
	}
	c.batch.add(int64(len(answers)))
	if counts[failed]+counts[unknown] < uint64(len(answers)) {
		c.latency.add(time.Since(began))
	}
}

func (d *node) snapshot(state NodeState) NodeStats {
	c := d.counters
	s := NodeStats{
		NodeState: state,
		Answers: map[string]uint64{
			AnswerYes: c.verdicts[yes].Load(), AnswerNo: c.verdicts[no].Load(),
			AnswerFenced: c.verdicts[outFenced].Load(), AnswerForgot: c.verdicts[forgot].Load(),
			AnswerFailed: c.verdicts[failed].Load(), AnswerUnanswered: c.verdicts[unknown].Load(),
			AnswerNotAsked: c.notAsked.Load(),
		},
		Latency: c.latency.snapshot(),
		Batch:   c.batch.snapshot(),
	}
	for _, l := range d.lanes {
		l.mu.Lock()
		s.Queued += len(l.queue)
		s.Owed += l.owed.len()
		l.mu.Unlock()
		s.Late = max(s.Late, l.late())
	}
	s.Skew, s.SkewKnown = d.quorum.guard.skew(d.index)
	return s
}

// skew is by how much a node's clock is ahead of the median of all.
func (g *guard) skew(i int) (skew time.Duration, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &g.members[i].clock
	median, known := g.medianOffset()
	return time.Duration(c.offset-median) * time.Microsecond, known && c.known
}

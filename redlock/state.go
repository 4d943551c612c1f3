package redlock

import (
	"errors"
	"time"
)

// NodeState is what the quorum knows of a node now.
type NodeState struct {
	Name string
	// Down is why the node is not asked at the moment, nil when it is.
	Down error
	// State is one of StateAdmitted, StateQuarantined, StateWaiting and
	// StateRefused, or "" when the node has not been looked at yet.
	State string
	// Why is the reason for a state other than StateAdmitted, and Until when a
	// quarantine ends.
	Why   error
	Until time.Time
}

// Votes tells whether the node may take part in a majority now.
func (s NodeState) Votes() bool { return s.Down == nil && s.State == StateAdmitted }

// Refused tells whether the node must not be used, as it said when it was last asked.
// It is Down then, after a moment, and not as it does not answer.
func (s NodeState) Refused() bool {
	var refused *refusedError
	return s.State == StateRefused && (s.Down == nil || errors.As(s.Down, &refused))
}

// Nodes tells the state of every node, in the order of Options.Nodes.
func (q *Quorum) Nodes() []NodeState {
	states := make([]NodeState, len(q.nodes))
	for i, n := range q.nodes {
		states[i] = q.guard.nodeState(i)
		states[i].Name, states[i].Down = n.name, n.isDown()
	}
	return states
}

// Needed is how many nodes make a majority.
func (q *Quorum) Needed() int { return q.needed }

// TTLs are the shortest ttl that leaves a validity after the drift, and the
// longest that is allowed.
func (q *Quorum) TTLs() (least, most time.Duration) { return q.leastTTL, q.options.MaxTTL }

func (g *guard) nodeState(i int) NodeState {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &g.members[i]
	s := NodeState{State: m.state, Why: errors.Join(m.refused, m.waits)}
	var quarantine *quarantineError
	if errors.As(m.waits, &quarantine) {
		s.Until = quarantine.until
	}
	return s
}

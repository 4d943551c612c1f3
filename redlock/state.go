package redlock

import "time"

// NodeState is what the quorum knows of a node now.
type NodeState struct {
	Name string
	// Down is why the node is not asked at the moment, nil when it is.
	Down error
}

// Nodes tells the state of every node, in the order of Options.Nodes.
func (q *Quorum) Nodes() []NodeState {
	states := make([]NodeState, len(q.nodes))
	for i, n := range q.nodes {
		states[i] = NodeState{Name: n.name, Down: n.isDown()}
	}
	return states
}

// Needed is how many nodes make a majority.
func (q *Quorum) Needed() int { return q.needed }

// TTLs are the shortest ttl that leaves a validity after the drift, and the
// longest that is allowed.
func (q *Quorum) TTLs() (least, most time.Duration) { return q.leastTTL, q.options.MaxTTL }

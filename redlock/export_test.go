package redlock

import "context"

// NewWithHalfQuorum breaks the rule that any two quorums meet, for the tests
// of the whole stack to show that they would notice.
func NewWithHalfQuorum(ctx context.Context, o Options) (*Quorum, error) {
	r := soundRules()
	r.majority = func(nodes int) int { return nodes / 2 }
	return newQuorum(ctx, o, r)
}

// Owes counts what is still to be released anywhere.
func (q *Quorum) Owes() int { return q.owes() }

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

// EndWaits ends the waits of all Locks of a session, as Attempt.End does for
// one.
func (q *Quorum) EndWaits(session uint64, why error) int {
	ended := 0
	for i := range q.queue.shards {
		s := &q.queue.shards[i]
		var f fanOut
		s.mu.Lock()
		for _, l := range s.lines {
			for a := l.places.first; a != nil; {
				next := a.place.behind
				if a.request.Session == session && l.end(a, why, &f) {
					ended++
				}
				a = next
			}
			s.tidy(l)
		}
		s.mu.Unlock()
		f.finish()
	}
	return ended
}

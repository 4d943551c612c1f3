package redlock

// speaksFor tells whether this round's outcome is a true answer for a Lock that
// stood behind it.
//
//   - After a grant, who had called before it was decided: at that moment the
//     head held the resource.
//   - After a refusal, who had called before the round began: it would have
//     seen the same, unless the holder is the caller itself asking again.
//   - After a missing quorum or a grant too late, the same, if it would not
//     have waited longer than the head did.
//
// A cancelled round, and a vote that stayed split, tell nothing about others.
func (n *round) speaksFor(other *attempt) bool {
	mine, theirs := n.attempt.request, other.request
	covered := other.arrived.Before(n.asked)
	switch n.outcome {
	case granted:
		return other.arrived.Before(n.decided) && (theirs.Token == "" || theirs.Token != mine.Token)
	case held:
		return covered && !n.sawHolder(theirs.Token)
	case noQuorum:
		return covered && (theirs.TTL <= mine.TTL || n.wire.expires.Sub(n.asked) >= n.attempt.quorum.options.NodeTimeout)
	case tooLate:
		return covered && theirs.TTL <= mine.TTL
	}
	return false
}

// sawHolder tells whether a node named this token as the holder.
func (n *round) sawHolder(token string) bool {
	if token == "" {
		return false
	}
	for _, a := range n.answers {
		if a.verdict == no && holds(a.holder, token) {
			return true
		}
	}
	return false
}

package redlock

// fanOut gathers what must not happen under a shard's lock: answers that are
// known without asking a node, and calls back to callers.
type fanOut struct {
	known   []knownAnswer
	refused []refusal
}

type knownAnswer struct {
	ballot *ballot
	node   int
	answer answer
}

type refusal struct {
	attempt *attempt
	err     error
}

// send queues a request at every node, in the same order for all of a resource
// as the caller holds the shard's lock. No vote counts before it stands in every
// lane: the first answers may come while the last nodes are still to be asked, and
// what follows from them, an undo, must stand behind it.
func (f *fanOut) send(q *Quorum, r *request) {
	lane := q.laneOf(r.key)
	r.ballot.mu.Lock()
	defer r.ballot.mu.Unlock()
	for i, n := range q.nodes {
		if a, queued := n.lanes[lane].push(r); !queued {
			f.known = append(f.known, knownAnswer{r.ballot, i, a})
		}
		if q.seams.asked != nil {
			q.seams.asked(i)
		}
	}
}

func (f *fanOut) refuse(a *attempt, err error) {
	f.refused = append(f.refused, refusal{a, err})
}

func (f *fanOut) finish() {
	for _, c := range f.refused {
		c.attempt.answer(Grant{}, c.err)
		c.attempt.quorum.end()
	}
	for _, k := range f.known {
		k.ballot.vote(k.node, k.answer)
	}
}

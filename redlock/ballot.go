package redlock

import "sync"

// tally counts the answers to one request.
type tally struct {
	nodes, needed   int
	yes, no, failed int // failed counts the unknown too: neither is an answer
	refused         int // free, but not with that fence
}

func (t *tally) answered() int { return t.yes + t.no + t.refused }
func (t *tally) pending() int  { return t.nodes - t.yes - t.no - t.refused - t.failed }

// add counts one verdict.
func (t *tally) add(v verdict) {
	switch v {
	case yes:
		t.yes++
	case no:
		t.no++
	case outFenced:
		t.refused++
	default:
		t.failed++
	}
}

// ballot collects the nodes' answers to one request and settles it once, as
// soon as it can be told. Later answers are counted and change nothing.
type ballot struct {
	owner   voter
	mu      sync.Mutex
	tally   tally
	answers []answer
	settled bool
	missing int              // nodes that have not answered yet, after settlement too
	few     [fewNodes]answer // what answers are kept in, as a rule
}

// fewNodes is a usual number of them.
const fewNodes = 5

// voter is an operation that a ballot decides.
type voter interface {
	// decide is called under the ballot's lock after every answer until it
	// reports that the operation is settled. It must not block.
	decide(b *ballot) bool
	// settle is called once, without the lock, after decide reported true.
	settle()
	// complete is called once, without the lock, when every node has answered
	// and settle has returned.
	complete()
}

func newBallot(owner voter, nodes, needed int) *ballot {
	b := &ballot{}
	b.open(owner, nodes, needed)
	return b
}

// open makes a new one ready, in whatever it is a part of.
func (b *ballot) open(owner voter, nodes, needed int) *ballot {
	b.owner = owner
	b.tally = tally{nodes: nodes, needed: needed}
	b.answers = b.few[:min(nodes, fewNodes)]
	if nodes > fewNodes {
		b.answers = make([]answer, nodes)
	}
	b.missing = nodes + 1 // settle itself is the last
	return b
}

// vote counts the answer of the node with that index.
func (b *ballot) vote(node int, a answer) {
	b.mu.Lock()
	b.answers[node] = a
	b.tally.add(a.verdict)
	if b.settled || !b.owner.decide(b) {
		b.leave(1)
		return
	}
	b.settled = true
	b.mu.Unlock()
	b.owner.settle()
	b.mu.Lock()
	b.leave(2) // the node, and the settlement
}

// leave counts down the nodes and the settlement; the last one completes. The
// caller holds the lock, and has it no more afterwards.
func (b *ballot) leave(n int) {
	b.missing -= n
	last := b.missing == 0
	b.mu.Unlock()
	if last {
		b.owner.complete()
	}
}

// largestForeign is the most nodes that a single other value may hold: those
// seen to have it, and all that failed to answer.
func (b *ballot) largestForeign() int {
	most := 0
	for i := range b.answers {
		if b.answers[i].verdict != no {
			continue
		}
		same := 0
		for j := range b.answers {
			if b.answers[j].verdict == no && b.answers[j].holder == b.answers[i].holder {
				same++
			}
		}
		most = max(most, same)
	}
	return most + b.tally.failed
}

// mostNumber is the largest number that came with a yes.
func (b *ballot) mostNumber() int64 {
	var most int64
	for _, a := range b.answers {
		if a.verdict == yes {
			most = max(most, a.number)
		}
	}
	return most
}

// copyAnswers is for errors, which outlive the ballot's lock.
func (b *ballot) copyAnswers() []answer {
	return append([]answer(nil), b.answers...)
}

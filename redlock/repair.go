package redlock

import "time"

// repair puts a held lock back on the nodes that lack it, as after a restart,
// so that it outlives the restart of all nodes one after the other. Only the
// process that extends a lock does so, right after an extension that a majority
// granted, and only where the answer was no: a node that did not answer may have
// released it for somebody since. Afterwards the nodes that had said yes are asked
// again: where one of them lacks the lock by then, it was released meanwhile
// through another process, and the repair is taken back.
type repairing struct {
	quorum  *Quorum
	wire    *request
	granted []int // nodes that have the lock
	lacking []int // nodes that said no
	put     []int // nodes where it was put back
	check   bool  // the second step: granted are asked
	gone    bool
}

// startRepair begins, when every node has answered an extension that was
// granted. answers are theirs.
func (h *Hold) startRepair(k *task, answers []answer) {
	q := h.quorum
	p := &repairing{quorum: q}
	state := byte('t')
	for i, a := range answers {
		switch a.verdict {
		case yes:
			p.granted = append(p.granted, i)
			if a.number == keptState {
				state = 'k'
			}
		case no, forgot:
			p.lacking = append(p.lacking, i)
		}
	}
	if len(p.lacking) == 0 || len(p.granted) < q.needed || h.Over() || !q.begin() {
		return
	}
	value := []byte(k.wire.value)
	owner := len(value) - tailBytes + 1
	copy(value[owner:], ownerOf(h.value))
	value[owner+ownerBytes] = state
	p.wire = &request{key: k.wire.key, token: k.wire.token, value: string(value), made: time.Now()}
	until := k.grant.until()
	p.ask(p.lacking, func(node int) *request {
		r := *p.wire
		r.op, r.expires = repair, until
		r.command = r.repairCommand(q, h.fence, q.guard.nodeTime(node, until))
		return &r
	})
}

// keptState is what extendScript answers for a lock that more than its owner
// relies on.
const keptState = 2

// repairCommand is for one node: until is the end of the validity by its clock.
func (r *request) repairCommand(q *Quorum, fence, until int64) []byte {
	b := appendWords(appendArray(nil, 9), "evalsha", q.scripts.repair.sha, "2", r.key, fenceKey(r.key), r.value)
	for _, n := range [...]int64{until, fence, q.guard.lapse().Milliseconds()} {
		b = appendNumber(b, n)
	}
	return b
}

// ask sends one request to each of the nodes, and votes for the others.
func (p *repairing) ask(nodes []int, make func(node int) *request) {
	q := p.quorum
	b := newBallot(p, len(q.nodes), q.needed)
	asked := map[int]bool{}
	lane := q.laneOf(p.wire.key)
	for _, i := range nodes {
		asked[i] = true
		r := make(i)
		r.ballot = b
		if a, queued := q.nodes[i].lanes[lane].push(r); !queued {
			b.vote(i, a)
		}
	}
	for i := range q.nodes {
		if !asked[i] {
			b.vote(i, answer{verdict: failed})
		}
	}
}

// decide implements voter: when all have answered.
func (p *repairing) decide(b *ballot) bool {
	if b.tally.pending() > 0 {
		return false
	}
	for i, a := range b.answers {
		switch {
		case p.check && a.verdict == yes && a.number == 0:
			p.gone = true
		case !p.check && (a.verdict == yes || a.verdict == unknown):
			p.put = append(p.put, i)
		}
	}
	return true
}

func (p *repairing) settle() {}

// complete goes on to the second step, or ends.
func (p *repairing) complete() {
	q := p.quorum
	switch {
	case !p.check && len(p.put) > 0:
		p.check = true
		now := time.Now()
		look := *p.wire
		look.op, look.made, look.expires = inspect, now, now.Add(q.options.NodeTimeout)
		look.command = look.holdsCommand(&q.scripts)
		p.ask(p.granted, func(int) *request { r := look; return &r })
		return
	case p.gone:
		q.undoAt(p.put, p.wire, notice{})
	}
	q.end()
}

// holdsCommand asks whether the token has the key, and changes nothing.
func (r *request) holdsCommand(s *scripts) []byte {
	return appendWords(appendArray(nil, 5), "evalsha", s.holds.sha, "1", r.key, r.token)
}

// nodeTime is a time of ours by a node's clock, in microseconds; 0 where that
// clock is not known.
func (g *guard) nodeTime(i int, t time.Time) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &g.members[i].clock
	if !c.known {
		return 0
	}
	return c.offset + g.quorum.since(t).Microseconds()
}

package redlock

import (
	"hash/maphash"
	"sync"
)

// maxQueued bounds the calls that stand behind one attempt on one resource.
// The default of --max-clients fits, with some to spare for pipelines.
const maxQueued = 16384

// queue holds a line for each resource that has an attempt under way. One
// attempt at a time asks the nodes, so callers of one process never split the
// vote among themselves; the rest stand behind it, first come first served.
type queue struct {
	quorum *Quorum
	seed   maphash.Seed
	shards [64]shard // enough that two cores seldom meet on one lock
}

type shard struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is the queue of one resource.
type line struct {
	head     *attempt // asking the nodes now
	behind   []entry
	sessions map[uint64]int // how many entries of behind each session has
}

// entry is a call that stands in a line: a Lock, or an Extend or Unlock that
// must not overtake a Lock of its own session.
type entry struct {
	attempt *attempt
	task    *task
}

func (e entry) session() uint64 {
	if e.attempt != nil {
		return e.attempt.request.Session
	}
	return e.task.request.Session
}

func newQueue(q *Quorum) *queue {
	t := &queue{quorum: q, seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].lines = map[string]*line{}
	}
	return t
}

func (t *queue) shard(resource string) *shard {
	return &t.shards[maphash.String(t.seed, resource)%uint64(len(t.shards))]
}

// lock starts an attempt, or puts it behind the one under way.
func (t *queue) lock(a *attempt) {
	var f fanOut
	s := t.shard(a.request.Resource)
	s.mu.Lock()
	l := s.lines[a.request.Resource]
	switch {
	case l == nil:
		l = &line{}
		s.lines[a.request.Resource] = l
		l.begin(a, &f)
	case len(l.behind) >= maxQueued:
		f.refuse(a, ErrOverloaded)
	default:
		l.push(entry{attempt: a})
	}
	s.mu.Unlock()
	f.finish()
}

// start sends an extension or a release, which wait for nobody: order is kept
// by the lanes. Only behind a Lock of the same session they take their turn.
func (t *queue) start(k *task) {
	var f fanOut
	s := t.shard(k.request.Resource)
	s.mu.Lock()
	if l := s.lines[k.request.Resource]; l != nil && l.has(k.request.Session) {
		l.push(entry{task: k})
	} else {
		k.ask(&f)
	}
	s.mu.Unlock()
	f.finish()
}

// repeat makes another round of the head's attempt.
func (t *queue) repeat(a *attempt) {
	var f fanOut
	s := t.shard(a.request.Resource)
	s.mu.Lock()
	s.lines[a.request.Resource].begin(a, &f)
	s.mu.Unlock()
	f.finish()
}

// settled answers the head, and all behind it for whom its outcome is proof
// enough, and lets the next one ask. The head hears first: if its caller has
// gone, the undo stands in the lanes before the next one's request.
func (t *queue) settled(n *round) {
	a := n.attempt
	grant, err := n.result()
	a.done(grant, err)
	var f fanOut
	s := t.shard(a.request.Resource)
	s.mu.Lock()
	l := s.lines[a.request.Resource]
	l.head = nil
	l.share(n, err, &f)
	l.advance(&f)
	if l.head == nil {
		delete(s.lines, a.request.Resource)
	}
	s.mu.Unlock()
	f.finish()
	t.quorum.end()
}

func (l *line) begin(a *attempt, f *fanOut) {
	l.head = a
	a.ask(f)
}

func (l *line) has(session uint64) bool {
	return session != 0 && (l.head != nil && l.head.request.Session == session || l.sessions[session] > 0)
}

// share answers Locks at the front without asking the nodes again. It is what
// keeps a crowd of callers on one resource from costing a round trip each.
func (l *line) share(n *round, err error, f *fanOut) {
	if n.outcome == granted {
		err = ErrHeld // by the head
	}
	for len(l.behind) > 0 && l.behind[0].attempt != nil && n.speaksFor(l.behind[0].attempt) {
		f.refuse(l.pop().attempt, err)
	}
}

// advance starts what stands at the front, up to and with the next Lock.
func (l *line) advance(f *fanOut) {
	for len(l.behind) > 0 && l.head == nil {
		e := l.pop()
		switch {
		case e.task != nil:
			e.task.ask(f)
		case e.attempt.ctx.Err() != nil:
			f.refuse(e.attempt, e.attempt.ctx.Err())
		default:
			l.begin(e.attempt, f)
		}
	}
}

func (l *line) push(e entry) {
	l.behind = append(l.behind, e)
	if session := e.session(); session != 0 {
		if l.sessions == nil {
			l.sessions = map[uint64]int{}
		}
		l.sessions[session]++
	}
}

func (l *line) pop() entry {
	e := l.behind[0]
	l.behind[0] = entry{}
	l.behind = l.behind[1:]
	if session := e.session(); session != 0 {
		if l.sessions[session]--; l.sessions[session] == 0 {
			delete(l.sessions, session)
		}
	}
	return e
}

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
// as the caller holds the shard's lock.
func (f *fanOut) send(q *Quorum, r *request) {
	lane := q.laneOf(r.key)
	for i, n := range q.nodes {
		if a, queued := n.lanes[lane].push(r); !queued {
			f.known = append(f.known, knownAnswer{r.ballot, i, a})
		}
	}
}

func (f *fanOut) refuse(a *attempt, err error) {
	f.refused = append(f.refused, refusal{a, err})
}

func (f *fanOut) finish() {
	for _, c := range f.refused {
		c.attempt.done(Grant{}, c.err)
		c.attempt.quorum.end()
	}
	for _, k := range f.known {
		k.ballot.vote(k.node, k.answer)
	}
}

package redlock

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// maxQueued bounds the calls that stand behind one attempt on one resource.
// The default of --max-clients fits, with some to spare for pipelines.
const maxQueued = 16384

// queue holds a line for each resource that somebody asks or waits for. One
// attempt at a time asks the nodes, so callers of one process never split the
// vote among themselves; the rest stand behind it, first come first served.
type queue struct {
	quorum  *Quorum
	seed    maphash.Seed
	shards  [64]shard    // enough that two cores seldom meet on one lock
	waiting atomic.Int64 // Locks that have a place in any line
	heads   atomic.Int64 // lines in which somebody waits
	closed  atomic.Bool  // nobody may wait any more

	lastTrip atomic.Int64 // what the last round that won took, in nanoseconds
}

type shard struct {
	mu    sync.Mutex
	lines map[string]*line
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

// visit does something with a resource's line, if there is one, under the
// shard's lock.
func (t *queue) visit(resource string, do func(*line, *fanOut)) {
	var f fanOut
	s := t.shard(resource)
	s.mu.Lock()
	if l := s.lines[resource]; l != nil {
		do(l, &f)
		s.tidy(l)
	}
	s.mu.Unlock()
	f.finish()
}

// tidy forgets a line that nobody needs.
func (s *shard) tidy(l *line) {
	l.tellLate()
	if l.forgettable() {
		l.stopTimer()
		delete(s.lines, l.resource)
	}
}

// lock starts an attempt, or puts it where it has to wait for its turn.
func (t *queue) lock(a *attempt) {
	var f fanOut
	s := t.shard(a.request.Resource)
	s.mu.Lock()
	l := s.lines[a.request.Resource]
	if l == nil {
		l = &line{queue: t, resource: a.request.Resource}
		s.lines[a.request.Resource] = l
	}
	l.lock(a, &f)
	s.tidy(l)
	s.mu.Unlock()
	f.finish()
}

// start sends an extension or a release, which wait for nobody: order is kept
// by the lanes. Only behind a Lock of the same session that has not asked yet
// they take their turn.
func (t *queue) start(k *task) {
	var f fanOut
	s := t.shard(k.request.Resource)
	s.mu.Lock()
	switch l := s.lines[k.request.Resource]; {
	case l == nil:
		k.ask(t.newNotice(k.request.Resource), &f)
	case l.has(k.request.Session):
		l.push(entry{task: k})
	default:
		l.run(k, &f)
		s.tidy(l)
	}
	s.mu.Unlock()
	f.finish()
}

// repeat makes another round of an attempt that nobody could win.
func (t *queue) repeat(a *attempt) {
	t.visit(a.request.Resource, func(_ *line, f *fanOut) { a.ask(f) })
}

// undo queues the undo of a lock that was won and not wanted, at these nodes.
// It frees the resource as a release does: who waits asks right behind it, and
// other processes hear of it. leaver, if not nil, has its place in the line still.
func (t *queue) undo(resource string, leaver *attempt, nodes []int, r *request) {
	s := t.shard(resource)
	var f fanOut
	s.mu.Lock()
	l := s.lines[resource]
	tell := notice{}
	if l == nil {
		tell = t.newNotice(resource)
	} else {
		tell = l.notice(leaver)
	}
	t.quorum.undoAt(nodes, r, tell)
	if l != nil {
		l.freed(&f)
		s.tidy(l)
	}
	s.mu.Unlock()
	f.finish()
}

// goOn lets the line of a round go on. Not by visit: this is on the way of every
// lock, and what is called unseen takes memory.
func (t *queue) goOn(n *round, over bool, err error) {
	var f fanOut
	resource := n.attempt.request.Resource
	s := t.shard(resource)
	s.mu.Lock()
	if l := s.lines[resource]; l != nil {
		l.settled(n, over, err, &f)
		s.tidy(l)
	}
	s.mu.Unlock()
	f.finish()
}

// settled answers the attempt unless it goes on waiting, and all behind it for
// whom its outcome is proof enough, and lets the next one ask. The caller hears
// first: if it has gone, the undo stands in the lanes before the next one's
// request.
func (t *queue) settled(n *round) {
	a := n.attempt
	if n.outcome == granted { // others may have waited for a node that was away
		t.lastTrip.Store(int64(n.decided.Sub(n.asked)))
	}
	grant, err := n.result()
	over := n.outcome == granted || n.outcome == cancelled || a.place == nil
	if over {
		if a.place != nil {
			t.visit(a.request.Resource, func(l *line, _ *fanOut) { l.leave(a) }) // who is answered waits no more
		}
		a.answer(grant, err)
	}
	t.goOn(n, over, err)
	if over {
		t.quorum.end()
	}
}

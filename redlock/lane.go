package redlock

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBatch is how many requests travel in one pipeline. Larger ones make
	// the first wait for the last; smaller ones cost system calls.
	maxBatch = 256

	// maxLane bounds the requests that wait for one lane. It is what a node
	// answers in some 100 ms; beyond that acquires would expire in the queue.
	maxLane = 8192
	// roomToRelease is kept for releases and extensions, which free the nodes
	// instead of loading them: acquires are shed first.
	roomToRelease = 2048

	// keepQueue is how long a queue may be that is used again.
	keepQueue = 4 * maxBatch
)

// link is one connection to a node, made anew when it breaks. exchange sends
// the requests in order and fills in one answer for each; it reports whether
// the node replied at all. Its answers are failed for what was certainly not
// sent, and unknown for what was sent and not answered.
type link interface {
	// connect makes the connection ready if it is not, so that the next
	// exchange does not have to.
	connect() error
	// pace is how long it may be left alone before connect is called again.
	pace() time.Duration
	exchange(requests []*request, answers []answer) error
	close()

	// flights tells how many batches are under way to a node that is far, how many
	// may be at once, and how long to wait between two. When no more than one may be,
	// all that are under way must have landed before the next exchange.
	flights() (away, most int, gap time.Duration)
	// fly sends requests without waiting for the answers.
	fly(requests []*request)
	// landed gives what has come back, to be handed to land, which fills in its
	// answers. Its error is that of exchange.
	landed() <-chan *flight
	land(*flight) error
}

// lane is an ordered, batching connection to a node. Requests for a resource
// always take the same lane, so nothing overtakes: a release cannot pass the
// acquire it undoes. What gathers while one batch is away is sent as the next; to
// a node that is far, before that has come back.
type lane struct {
	node *node
	link link
	wake chan struct{}
	done chan struct{}

	// waited is how long the first of the batch under way had waited when it was
	// sent, in nanoseconds; 0 when there is none.
	waited atomic.Int64

	mu      sync.Mutex
	queue   []*request
	turn    int // how often run has taken the queue
	served  int // the last turn whose requests all have their answers
	closing bool

	sent   int        // the last turn whose requests have all been sent
	leaves time.Time  // when the next flight may
	again  []*request // releases and extensions of flights that found no script

	owed    owed
	givenUp bool // at the end, what is owed cannot be paid

	// scratch space of run
	spare   []*request // what it has taken from queue, to be swapped with it
	sending []*request
	answers []answer
	timer   *time.Timer
}

func newLane(d *node, l link, maxTTL time.Duration) *lane {
	return &lane{
		node: d,
		link: l,
		wake: make(chan struct{}, 1),
		done: make(chan struct{}),
		owed: owed{keep: maxTTL},
	}
}

// push queues a request. When it cannot be, queued is false and the answer is
// known: failed, and for a release that it is owed. push never blocks and
// never votes, so it may be called under any lock.
func (l *lane) push(r *request) (known answer, queued bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := maxLane
	if r.op == acquire || r.op == inspect {
		room -= roomToRelease
	}
	down := l.node.isDown()
	switch {
	case down != nil:
		known = answer{verdict: failed, err: down}
	case len(l.queue) >= room:
		known = answer{verdict: failed, err: errLaneFull}
	case l.closing:
		known = answer{verdict: failed, err: ErrClosed}
	default:
		l.queue = append(l.queue, r)
		if len(l.queue) == 1 {
			l.nudge()
		}
		return answer{}, true
	}
	l.node.counters.notAsked.Add(1)
	if r.op == release {
		// Behind what is queued or away: the acquire that it undoes may be there.
		after := l.turn
		if len(l.queue) > 0 {
			after++
		}
		if l.node.quorum.rules.overtake {
			after = 0
		}
		l.owe(debt{request: r, after: after})
	}
	return known, false
}

// late is how long requests wait at present until they are sent. A node that
// hangs is not late: what waits for it is sent at once and not answered.
func (l *lane) late() time.Duration { return time.Duration(l.waited.Load()) }

// owe remembers a debt; the caller holds the lock.
func (l *lane) owe(d debt) {
	if forgotten := l.owed.add(d); forgotten {
		l.node.logger.Warn("too many releases are owed, the oldest is forgotten; its key lasts until its ttl")
	}
}

// nudge makes run look again.
func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) close() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.nudge()
}

// run sends what is queued until the lane is closed and empty.
func (l *lane) run() {
	defer close(l.done)
	defer l.link.close()
	for {
		requests, more := l.take()
		if !more {
			return
		}
		l.serve(requests)
		l.waited.Store(0)
		clear(requests)
		l.sent = l.turn
		l.noteServed()
	}
}

// noteServed is called when something may have been answered.
func (l *lane) noteServed() {
	if away, _, _ := l.link.flights(); away == 0 {
		l.mu.Lock()
		l.served = l.sent
		l.mu.Unlock()
	}
}

// take waits for something to send: new requests, or releases that are owed
// and may be tried again. It reports false when there will be nothing more.
func (l *lane) take() ([]*request, bool) {
	for {
		up := l.node.isDown() == nil
		away, _, _ := l.link.flights()
		rest := idlePing // or until something has landed
		l.mu.Lock()
		requests, closing := l.queue, l.closing
		if away > 0 && len(requests) > 0 && len(requests) < maxBatch {
			if early := time.Until(l.leaves); early > 0 { // more may gather
				requests, rest = nil, early
			}
		}
		owing := up && l.owed.len() > 0
		pay := owing && !time.Now().Before(l.owed.next)
		if len(requests) > 0 {
			l.queue, l.spare = l.spare[:0], nil
			if cap(requests) <= keepQueue {
				l.spare = requests
			}
			l.turn++
		}
		l.mu.Unlock()
		switch {
		case len(requests) > 0 || pay || len(l.again) > 0:
			return requests, true
		case away > 0:
			l.sleep(rest)
		case closing && (!owing || l.givenUp):
			return nil, false
		case closing:
			l.sleep(retryFirst)
		case !up:
			l.sleep(idlePing) // or until it is back
		default:
			l.sleep(l.connect(owing))
		}
	}
}

// connect sees to it that the next request finds a connection, and says how
// long to wait for one.
func (l *lane) connect(owing bool) time.Duration {
	if err := l.link.connect(); err != nil {
		l.node.unanswered(err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.owed.failed()
		return l.owed.pause
	}
	l.node.answered()
	if owing {
		return retryFirst
	}
	return l.link.pace()
}

// sleep waits for a nudge, and no longer than that.
func (l *lane) sleep(most time.Duration) {
	if l.timer == nil {
		l.timer = time.NewTimer(most)
	} else {
		l.timer.Reset(most)
	}
	select {
	case <-l.wake:
		l.timer.Stop()
	case f := <-l.link.landed():
		l.timer.Stop()
		l.land(f)
	case <-l.timer.C:
	}
}

// serve sends everything, owed releases first, a batch at a time.
func (l *lane) serve(requests []*request) {
	for first := true; first || len(requests) > 0; first = false {
		n := min(len(requests), maxBatch)
		if n > 0 {
			l.waited.Store(int64(time.Since(requests[0].made)))
		}
		l.batch(requests[:n])
		requests = requests[n:]
	}
}

// batch sends one pipeline, with owed releases in front, and hands out the
// answers in order.
func (l *lane) batch(requests []*request) {
	if down := l.node.isDown(); down != nil {
		requests = append(l.again, requests...)
		l.again = nil
		for _, r := range requests {
			l.node.counters.notAsked.Add(1)
			l.settle(r, answer{verdict: failed, err: down})
		}
		return
	}
	if l.fly(requests) {
		return
	}
	l.mu.Lock()
	l.sending = l.owed.take(l.sending[:0], l.served)
	l.mu.Unlock()
	l.dropExpired(l.again)
	l.again = nil
	l.dropExpired(requests)
	if len(l.sending) == 0 {
		return
	}
	l.answers = slices.Grow(l.answers[:0], len(l.sending))[:len(l.sending)]
	began := time.Now()
	err := l.link.exchange(l.sending, l.answers)
	l.handOut(began, l.sending, l.answers, err)
	clear(l.sending)
	clear(l.answers)
}

// handOut takes in what came of a batch. err is why the node did not answer.
func (l *lane) handOut(began time.Time, requests []*request, answers []answer, err error) {
	if err != nil {
		l.node.unanswered(err)
	} else {
		l.node.answered()
	}
	l.node.counters.exchanged(began, answers)
	debts := l.owes()
	for i, r := range requests {
		l.settle(r, answers[i])
	}
	l.reckon(l.owes() > debts)
}

func (l *lane) owes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owed.len()
}

// reckon slows the paying down when the batch added to what is owed. A lane
// that is closing has no time for more tries.
func (l *lane) reckon(worse bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if worse {
		l.owed.failed()
		l.givenUp = l.closing
	} else {
		l.owed.paid()
	}
}

// settle notes what the node still owes, then counts the answer. In this
// order: whoever hears of it may ask for the same resource again.
func (l *lane) settle(r *request, a answer) {
	if a.verdict == unknown || (a.verdict == failed && r.op == release) {
		l.mu.Lock()
		switch r.op {
		case release:
			l.owe(debt{request: r, sent: a.verdict == unknown})
		case acquire:
			l.owe(debt{request: r.undo(&l.node.quorum.scripts, l.node.quorum.rules, notice{}), sent: true})
		}
		l.mu.Unlock()
	}
	if r.ballot != nil {
		r.ballot.vote(l.node.index, a)
	}
}

// dropExpired answers what is no longer worth sending; the rest is to be sent.
func (l *lane) dropExpired(requests []*request) {
	now := time.Now()
	for _, r := range requests {
		if r.expires.IsZero() || now.Before(r.expires) {
			l.sending = append(l.sending, r)
		} else {
			l.node.counters.notAsked.Add(1)
			l.settle(r, answer{verdict: failed, err: errExpired})
		}
	}
}

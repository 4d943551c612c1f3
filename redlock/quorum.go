package redlock

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Quorum locks resources on a majority of its nodes. It is safe for concurrent
// use; one per process is enough, and shares its connections among all callers.
type Quorum struct {
	options   Options
	rules     rules
	seams     seams
	needed    int
	scripts   scripts
	nodes     []*node
	guard     *guard
	proposals proposals
	queue     *queue
	ears      *ears
	keeper    *keeper
	listings  atomic.Int64 // calls of StartList under way
	stats     *counters
	leastTTL  time.Duration // the first that leaves a millisecond after the drift

	epoch time.Time    // our clock begins here
	slept atomic.Int64 // nanoseconds that this machine was suspended, as far as noticed
	apart atomic.Int64 // seams.apart in nanoseconds, when awakenAt looked last

	mu     sync.Mutex
	open   int // calls and rounds under way
	closed bool
	idle   chan struct{} // closed when closed && open == 0
}

// New connects to the nodes in the background and returns at once; a node that
// is away does not keep it from working. Values of ctx are passed to the nodes'
// clients, its end is ignored: call Close.
// The error names the option that is wrong.
func New(ctx context.Context, o Options) (*Quorum, error) {
	return newQuorum(ctx, o, builtRules())
}

func newQuorum(ctx context.Context, o Options, broken rules) (*Quorum, error) {
	return newQuorumOver(ctx, o, broken, seams{dial: newRedisWire, asleep: systemAsleep, chance: rand.Float64})
}

// seams are where a simulation takes the place of the world.
type seams struct {
	dial   func(*nodeLink) wire
	asleep func() time.Duration // since some moment in the past
	// apart is by how much the wall clock is ahead of the monotonic one at a time
	// that time.Now gave, compared with any other; nil: as the system has it.
	apart  func(time.Time) time.Duration
	chance func() float64 // a number from 0 up to, not with, 1
	ahead  time.Duration  // by how much this machine's wall clock is wrong
	deaf   bool           // what is released elsewhere is found by polling only
	near   bool           // no node is taken for far
	asked  func(node int) // called when a request stands in the lane of that node; nil: nothing
}

// newQuorumOver is a quorum in any world.
func newQuorumOver(ctx context.Context, o Options, broken rules, s seams) (*Quorum, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	q := &Quorum{
		options: o,
		rules:   broken,
		seams:   s,
		epoch:   time.Now(),
		needed:  broken.majority(len(o.Nodes)),
		scripts: newScripts(),
		stats:   newCounters(),
		idle:    make(chan struct{}),
	}
	if q.seams.apart == nil {
		q.seams.apart = q.clocksApart
	}
	if broken.script != nil {
		broken.script(&q.scripts)
	}
	q.slept.Store(int64(q.seams.asleep()))
	q.guard = newGuard(q)
	q.guard.members = make([]member, len(o.Nodes))
	q.queue = newQueue(q)
	q.keeper = newKeeper()
	for q.leastTTL = time.Millisecond; q.leastTTL-drift(q.leastTTL, o.DriftFactor) < time.Millisecond; {
		q.leastTTL += time.Millisecond
	}
	for i, n := range o.Nodes {
		d := newNode(context.WithoutCancel(ctx), q, i, n)
		q.nodes = append(q.nodes, d)
		q.guard.members[i].node = d
	}
	for _, n := range q.nodes {
		n.start()
	}
	q.ears = newEars(context.WithoutCancel(ctx), q)
	return q, nil
}

// Close refuses new calls, ends all waits, waits for the calls under way and for
// the releases they left, and ends all connections. Releases owed to nodes that are away are
// given up; those keys last until their ttl.
// The error is ctx's when it ends first: then connections are cut.
func (q *Quorum) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		q.tellIdle()
	}
	q.mu.Unlock()
	q.StopWaiting()
	q.keeper.close()
	var err error
	select {
	case <-q.idle:
	case <-ctx.Done():
		err = ctx.Err()
	}
	q.ears.close()
	var nodes sync.WaitGroup
	for _, n := range q.nodes {
		nodes.Go(func() { n.close(ctx) })
	}
	nodes.Wait()
	return err
}

// begin counts a call, unless the quorum is closed.
func (q *Quorum) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.open++
	return true
}

// beginUndo counts an undo. It may come after Close began, as long as a call
// is under way: the one that it undoes.
func (q *Quorum) beginUndo() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed && q.open == 0 {
		return false
	}
	q.open++
	return true
}

// hold counts something that a call which is still counted has started.
func (q *Quorum) hold() {
	q.mu.Lock()
	q.open++
	q.mu.Unlock()
}

// end takes back one begin or hold.
func (q *Quorum) end() {
	q.mu.Lock()
	q.open--
	q.tellIdle()
	q.mu.Unlock()
}

func (q *Quorum) tellIdle() {
	if q.closed && q.open == 0 {
		close(q.idle)
	}
}

// laneOf is the same for a key in every process: so a simulation can be replayed.
func (q *Quorum) laneOf(key string) int {
	if q.options.Lanes == 1 {
		return 0
	}
	const offset, prime = 2166136261, 16777619 // FNV-1a
	h := uint32(offset)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * prime
	}
	return int(h >> 16 % uint32(q.options.Lanes))
}

// upTo is a time from 0 up to most, at random.
func (q *Quorum) upTo(most time.Duration) time.Duration {
	return time.Duration(q.seams.chance() * float64(most))
}

// overloadShare of the NodeTimeout is how late the lanes may be before new Locks
// are refused. Those that are under way still have most of their time then, and
// releases and extensions, which are not refused, do not wait for long.
const overloadShare = 4

// overloaded tells whether a majority of the nodes can not be asked in time.
// Refusing here costs nothing; a Lock that reaches some nodes too late costs
// them an undo.
func (q *Quorum) overloaded(resource string) bool {
	limit := q.options.NodeTimeout / overloadShare
	lane, late := q.laneOf(q.key(resource)), 0
	for _, n := range q.nodes {
		if n.lanes[lane].late() > limit {
			late++
		}
	}
	return late > len(q.nodes)-q.needed
}

func (q *Quorum) key(resource string) string { return q.options.KeyPrefix + resource }

// undoAt queues the undo of what r wrote at these nodes, behind whatever stands
// there for its key. Nobody waits for it. What was never won is undone without
// telling anybody: it was nobody's to have.
func (q *Quorum) undoAt(nodes []int, r *request, tell notice) {
	u := r.undo(&q.scripts, q.rules, tell)
	lane := q.laneOf(u.key)
	for _, i := range nodes {
		q.nodes[i].lanes[lane].push(u)
	}
}

// noQuorum is the error for answers that are no majority: overload when that
// alone was the cause, so that the caller backs off instead of blaming nodes.
func (q *Quorum) noQuorum(answers []answer) error {
	full, answered := 0, 0
	for _, a := range answers {
		switch {
		case errors.Is(a.err, errLaneFull):
			full++
		case a.verdict == yes || a.verdict == no:
			answered++
		}
	}
	if full > 0 && full+answered >= q.needed {
		return ErrOverloaded
	}
	return newQuorumError(q.nodes, q.needed, answers)
}

func (q *Quorum) checkLock(r Request) error {
	if err := q.checkResource(r); err != nil {
		return err
	}
	if r.Token != "" {
		if err := checkToken(r); err != nil {
			return err
		}
	}
	return q.checkTTL(r)
}

func (q *Quorum) checkExtend(r Request) error {
	if err := q.checkUnlock(r); err != nil {
		return err
	}
	return q.checkTTL(r)
}

func (q *Quorum) checkUnlock(r Request) error {
	if err := q.checkResource(r); err != nil {
		return err
	}
	return checkToken(r)
}

func (q *Quorum) checkResource(r Request) error {
	if n := len(r.Resource); n == 0 || n > MaxResource {
		return &ArgumentError{Argument: "resource", Got: int64(n), Least: 1, Most: MaxResource}
	}
	if strings.HasPrefix(r.Resource, reservedPrefix) || strings.HasPrefix(q.key(r.Resource), reservedPrefix) {
		return &ArgumentError{Argument: "resource", Reserved: true}
	}
	return nil
}

func checkToken(r Request) error {
	if n := len(r.Token); n == 0 || n > MaxToken {
		return &ArgumentError{Argument: "token", Got: int64(n), Least: 1, Most: MaxToken}
	}
	return nil
}

// checkTTL refuses a ttl that the drift would use up whole: no lock could ever
// be granted for it.
func (q *Quorum) checkTTL(r Request) error {
	if r.TTL >= q.leastTTL && r.TTL <= q.options.MaxTTL {
		return nil
	}
	return &ArgumentError{
		Argument: "ttl",
		Got:      r.TTL.Milliseconds(),
		Least:    q.leastTTL.Milliseconds(),
		Most:     q.options.MaxTTL.Milliseconds(),
	}
}

package redlock

import (
	"context"
	"sync/atomic"
	"time"
)

// Request names a lock. Which fields count is said with each method.
type Request struct {
	Resource string        // 1 to MaxResource bytes, any
	Token    string        // up to MaxToken bytes, any
	TTL      time.Duration // whole milliseconds
	// Session orders calls: those of one session on one resource take effect
	// in the order they were started. Zero: no order is asked for.
	Session uint64

	// Block lets a Lock wait so long for a resource that another holds. Zero and
	// no Retry: it does not wait.
	Block time.Duration
	// Retry lets it make so many further attempts instead, Options.RetryDelay
	// apart, give or take Options.RetryJitter; with Block, no longer than that.
	Retry int
	// KeepPlace: the caller will ask again with the same Token when Block is
	// over. Its place in the queue is kept for half a second.
	KeepPlace bool

	// Owned: the grant will be given to Quorum.Hold.
	Owned bool

	// Fence asks for a Grant.Fence.
	Fence bool
}

// waits tells whether a Lock may wait.
func (r *Request) waits() bool { return r.Block > 0 || r.Retry > 0 }

// Lock takes the resource for the ttl, or says why not: at once, or after
// waiting for it as Request.Block and Request.Retry say. Those who wait in one
// process are served in the order in which they came. A lock that is released
// through any process with this package goes to the next at once.
//
// Request.Token makes a retry safe: it names one acquisition, and a Lock that
// finds its token holding the resource raises the ttl and grants again. Use 16
// random bytes, and never again after Unlock or expiry. Without one the grant
// brings a token of 40 hex digits.
//
// A wait goes on when there is no quorum; at its end the last outcome is told.
// A second Lock with the Token of one that still waits takes its place, and the
// first hears ErrHeld.
//
// Errors: ErrHeld, ErrTooLate, a *QuorumError (ErrNoQuorum), ErrOverloaded,
// ErrWaiters, ErrResourceWaiters, ErrClosed, an *ArgumentError, or ctx.Err(): then, as with every error, no
// lock is left behind that this call made. Undoing goes on after the return.
func (q *Quorum) Lock(ctx context.Context, r Request) (Grant, error) {
	var a Attempt
	start := func(done func(Grant, error)) { a = q.StartLock(ctx, r, done) }
	return wait(ctx, start, func() { a.End(ctx.Err()) }, q.Undo)
}

// StartLock is Lock without waiting: done is called once with the outcome, now
// or later, from another goroutine; it must not block. When ctx has ended by
// the time of a grant, the grant is undone and done hears ctx.Err(). A Lock that
// waits does not look after ctx: call End.
func (q *Quorum) StartLock(ctx context.Context, r Request, done func(Grant, error)) Attempt {
	if err := q.checkLock(r); err != nil {
		refuse(&q.stats.locks, done, err)
		return Attempt{}
	}
	if err := ctx.Err(); err != nil {
		refuse(&q.stats.locks, done, err)
		return Attempt{}
	}
	if !q.begin() {
		refuse(&q.stats.locks, done, ErrClosed)
		return Attempt{}
	}
	if q.overloaded(r.Resource) {
		q.end()
		refuse(&q.stats.locks, done, ErrOverloaded)
		return Attempt{}
	}
	r.TTL = r.TTL.Truncate(time.Millisecond) // what the nodes count in
	a := &attempt{quorum: q, ctx: ctx, request: r, done: done, arrived: time.Now()}
	if r.waits() {
		a.place = q.newPlace(r, a.arrived)
	}
	q.queue.lock(a)
	return Attempt{a}
}

// newPlace works out how long a Lock may wait.
func (q *Quorum) newPlace(r Request, now time.Time) *place {
	most := r.Block
	if most <= 0 {
		most = forEver
	}
	if r.Retry <= 0 {
		return &place{deadline: now.Add(most)}
	}
	// Of very many the jitter evens out, and they are not drawn one by one.
	const drawn = 1000
	delay := q.options.RetryDelay
	sum := delay * min(time.Duration(max(r.Retry-drawn, 0)), most/delay+1)
	for range min(r.Retry, drawn) {
		if sum += q.pause(); sum > most {
			return &place{deadline: now.Add(most)}
		}
	}
	return &place{deadline: now.Add(sum), counts: true}
}

// forEver is what a Lock waits that only counts its attempts.
const forEver = 365 * 24 * time.Hour

// Undo takes back a grant that could not be given to its caller. Nothing but
// what that one attempt wrote is deleted, however late.
func (q *Quorum) Undo(g Grant) {
	if g.value == "" || !q.beginUndo() {
		return
	}
	r := &request{key: q.key(g.Resource), token: g.Token, value: g.value}
	all := make([]int, len(q.nodes))
	for i := range all {
		all[i] = i
	}
	q.stats.undone.Add(1)
	q.queue.undo(g.Resource, nil, all, r)
	q.end()
}

// splitRepeats is how often an attempt that nobody could win is repeated, and
// splitJitter the longest pause before it: long against a round trip, so that
// two proxies that collided are apart the next time.
const (
	splitRepeats = 3
	splitJitter  = 10 * time.Millisecond
)

type outcome uint8

const (
	granted outcome = iota
	held
	splitVote
	noQuorum
	tooLate
	cancelled
	lowFence
)

// attempt is one Lock under way: at first in its resource's queue, then asking
// the nodes, perhaps several times when votes split.
type attempt struct {
	quorum     *Quorum
	ctx        context.Context
	request    Request
	done       func(Grant, error)
	arrived    time.Time
	repeats    int         // rounds made again because votes split
	asked      bool        // a round has been made
	revoked    atomic.Bool // it must not be granted any more
	fenceFloor int64       // a fence must be greater than that, as far as nodes said
	fenceClock int64       // what nodes said that did not accept a fence; 0: nothing
	fenceTries int
	place      *place // nil: it does not wait; all in it is under the shard's lock
}

// round is one fan-out of an attempt.
type round struct {
	attempt *attempt
	wire    request
	ballot  ballot
	grant   Grant
	asked   time.Time
	epoch   int64 // of the guard, when it was asked
	decided time.Time
	outcome outcome
	answers []answer // as they were when it was decided; nil when granted
}

// ask makes the next round. The caller holds the shard's lock.
func (a *attempt) ask(f *fanOut) {
	q, r := a.quorum, a.request
	now := time.Now()
	patience := r.TTL - q.rules.drift(r.TTL, q.options.DriftFactor)
	n := &round{attempt: a, asked: now, epoch: q.guard.epoch.Load()}
	w := &n.wire
	*w = request{op: acquire, key: q.key(r.Resource), token: r.Token, ttl: r.TTL, made: now}
	w.expires = now.Add(min(q.options.NodeTimeout, patience))
	if r.Token == "" {
		w.token = newToken()
	}
	switch {
	case r.Fence:
		w.value, w.fence, w.count = newValue(w.token), a.propose(now), q.rules.fenceByCount
		w.command = w.fenceCommand(q)
	case r.Token != "" || r.Owned:
		w.value = newValue(w.token)
		w.command = w.acquireCommand(&q.scripts)
	default:
		w.value = w.token
		w.command = w.setCommand()
	}

	n.grant = Grant{
		Resource: r.Resource, Token: w.token, Until: now.Add(patience), Fence: w.fence,
		asked: now, value: w.value, quorum: q, slept: q.slept.Load(),
	}
	w.ballot = n.ballot.open(n, len(q.nodes), q.needed)
	q.hold() // the round ends after its last answer, the attempt may sooner
	f.send(q, w)
}

// decide implements the three outcomes of Redlock. Granted as soon as a
// majority said yes; held as soon as a majority no longer can and another may
// have one; otherwise, when all are in, a split vote or no quorum.
func (n *round) decide(b *ballot) bool {
	t := &b.tally
	switch {
	case t.yes >= t.needed:
		if n.attempt.quorum.rules.fenceByCount {
			n.grant.Fence = b.mostNumber()
		}
		n.outcome = n.decideGrant()
	case t.yes+t.pending() >= t.needed:
		return false
	case n.refused(b):
		n.outcome = held
	case t.pending() > 0:
		return false // nothing can be won; but whether somebody has won, or every reason why not
	case t.yes+t.refused >= t.needed:
		n.outcome = lowFence
	case t.answered() >= t.needed && !n.attempt.quorum.rules.onlyHeld:
		n.outcome = splitVote
	default:
		n.outcome = noQuorum
	}
	if n.outcome != granted {
		n.decided = time.Now()
		n.answers = b.copyAnswers()
	}
	return true
}

// refused: a majority answered, and another token may have one.
func (n *round) refused(b *ballot) bool {
	if n.attempt.quorum.rules.onlyHeld {
		return b.tally.no >= b.tally.needed
	}
	return b.tally.answered() >= b.tally.needed && b.largestForeign() >= b.tally.needed
}

func (n *round) decideGrant() outcome {
	q := n.attempt.quorum
	n.decided = time.Now()
	n.grant.settleUntil()
	switch {
	case n.attempt.ctx.Err() != nil || n.attempt.revoked.Load():
		return cancelled
	case n.grant.Validity(n.decided) <= 0:
		return tooLate
	case n.epoch != q.guard.epoch.Load():
		return splitVote // the votes are not all of the same quorum, or rest on old looks
	}
	return granted
}

// mayHave lists the nodes to undo on. Left out are those that certainly do not
// have this round's value and never will: a node that named another holder
// did so in reply to the one time this value was sent to it (nothing is ever
// sent twice), and a failed one was never sent it. The unknown ones are owed
// a release by their lane.
func (n *round) mayHave() []int {
	var nodes []int
	for i, a := range n.answers {
		if a.verdict == yes || a.verdict == pending {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

// settle undoes what was not granted, behind the acquires in the same lanes,
// and before anything else is asked for the resource.
func (n *round) settle() {
	a, q := n.attempt, n.attempt.quorum
	q.stats.round(n)
	switch nodes := n.mayHave(); {
	case len(nodes) == 0:
	case n.outcome == cancelled:
		q.queue.undo(a.request.Resource, a, nodes, &n.wire)
	default:
		q.undoAt(nodes, &n.wire, notice{})
	}
	if n.outcome == lowFence {
		if n.heedFences(); n.again() {
			q.queue.repeat(a)
			return
		}
	} else if n.again() {
		a.repeats++ // also for the rest of its wait: it polls then
		pause := time.Millisecond + a.quorum.upTo(splitJitter-time.Millisecond)
		time.AfterFunc(pause, func() { q.queue.repeat(a) })
		return
	}
	q.queue.settled(n)
}

// again tells whether nobody could win this round and another may be won.
func (n *round) again() bool {
	a := n.attempt
	if n.outcome == lowFence {
		return a.fenceTries <= fenceRepeats && a.ctx.Err() == nil && !a.revoked.Load()
	}
	if a.repeats >= splitRepeats || a.ctx.Err() != nil || a.revoked.Load() {
		return false
	}
	if n.outcome == splitVote {
		return true
	}
	// A node that had lost its scripts did not count, and has them again.
	return n.outcome == noQuorum && n.lostScripts()
}

func (n *round) lostScripts() bool {
	for _, a := range n.answers {
		if a.err == errStale {
			return true
		}
	}
	return false
}

func (n *round) complete() { n.attempt.quorum.end() }

// result is what the caller hears of a round.
func (n *round) result() (Grant, error) {
	switch n.outcome {
	case granted:
		return n.grant, nil
	case held, splitVote:
		return Grant{}, ErrHeld
	case tooLate:
		return Grant{}, ErrTooLate
	case cancelled:
		if n.attempt.revoked.Load() {
			return Grant{}, ErrHeld
		}
		return Grant{}, n.attempt.ctx.Err()
	}
	q := n.attempt.quorum
	return Grant{}, q.noQuorum(n.answers)
}

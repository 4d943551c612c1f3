package redlock

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// A fence is a number that grows with every grant of a resource, so that what is
// protected can refuse a holder that was overtaken while it slept (Kleppmann,
// "How to do distributed locking",
// https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
//
// This process proposes the nodes' time in microseconds; each node accepts a
// proposal only if it is greater than all that it accepted before. Granted is
// what a majority accepts of one and the same proposal: any two majorities share
// a node, so the later fence is greater, in one round trip, whatever the clocks.
// Counting on each node and taking the largest number would not do: of nodes that
// stand at 10, 3 and 0 the first two give 11, and then the other two 4.

// fenceKey is where a node remembers the last fence of a lock.
func fenceKey(key string) string { return reservedPrefix + "fence:" + key }

// fenceBoundShare of the longest ttl is how far a proposal may be from a node's
// clock. Remembered for longer than that ttl, a fence is forgotten only when
// every new one must be greater: twice the bound is half of it.
const fenceBoundShare = 4

// fenceRepeats is how often an attempt is made again with a greater fence, or
// one that is nearer to the nodes' clocks. Each takes in what all nodes said, so
// the second is good unless others are at it too.
const fenceRepeats = 4

// fenceBounds are how far ahead of a node's clock a fence may be, and how far
// behind.
func (g *guard) fenceBounds() (ahead, behind time.Duration) {
	bound := time.Duration(g.longest.Load()) / fenceBoundShare
	ahead, behind = bound, bound
	if g.quorum.rules.fenceNoBounds {
		ahead, behind = forEver, forEver
	}
	if g.quorum.rules.fenceUpperBound {
		behind = forEver
	}
	return ahead, behind
}

// proposals makes fences that differ.
type proposals struct{ last atomic.Int64 }

// next is greater than the ones before, and at about clock, in microseconds.
func (p *proposals) next(clock int64, bound time.Duration) int64 {
	for {
		last := p.last.Load()
		n := max(clock, last+1)
		if n-clock > bound.Microseconds()/2 {
			n = clock // the nodes' clocks were set back
		}
		if p.last.CompareAndSwap(last, n) {
			return n
		}
	}
}

// propose is the fence for an attempt's next round.
func (a *attempt) propose(now time.Time) int64 {
	g := a.quorum.guard
	clock := g.nodesNow(now)
	if a.fenceClock != 0 {
		clock = a.fenceClock
	}
	ahead, _ := g.fenceBounds()
	return max(a.quorum.proposals.next(clock, ahead), a.fenceFloor+1)
}

// fenceCommand is acquireCommand with a fence.
func (r *request) fenceCommand(q *Quorum) []byte {
	ahead, behind := q.guard.fenceBounds()
	b := appendWords(appendArray(r.room[:0], 12), "evalsha", q.scripts.fence.sha, "2", r.key, fenceKey(r.key), r.token, r.value)
	for _, n := range [...]int64{
		r.ttl.Milliseconds(), r.fence, q.guard.lapse().Milliseconds(), ahead.Microseconds(), behind.Microseconds(),
	} {
		b = appendNumber(b, n)
	}
	return b
}

// fenceError: a node did not accept the fence, though the lock was to be had.
type fenceError struct {
	why   string // low, ahead or behind, see fenceScript
	bound int64
}

func (e *fenceError) Error() string {
	if e.why == "low" {
		return "had accepted a greater fence"
	}
	return fmt.Sprintf("the fence is %s of its clock by more than a quarter of --max-ttl; set the nodes' clocks", e.why)
}

// readFenceRefusal reads fenceScript's reasons.
func readFenceRefusal(reply []any) answer {
	if len(reply) != 2 {
		return answer{verdict: failed, err: errors.New("unexpected answer to an acquire")}
	}
	why, _ := reply[0].(string)
	text, _ := reply[1].(string)
	bound, _ := strconv.ParseInt(text, 10, 64)
	return answer{verdict: outFenced, err: &fenceError{why: why, bound: bound}}
}

// heedFences takes in what the nodes said against the round's fence.
func (n *round) heedFences() {
	a := n.attempt
	var clocks []int64
	for i := range n.answers {
		var e *fenceError
		switch {
		case n.answers[i].verdict != outFenced || !errors.As(n.answers[i].err, &e):
		case e.why == "low":
			a.fenceFloor = max(a.fenceFloor, e.bound)
		default:
			clocks = append(clocks, e.bound)
		}
	}
	if len(clocks) > 0 {
		slices.Sort(clocks)
		a.fenceClock = clocks[len(clocks)/2]
	}
	a.fenceTries++
}

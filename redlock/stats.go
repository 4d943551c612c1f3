package redlock

import (
	"errors"
	"sync/atomic"
	"time"
)

// Stats is what a Quorum has done since it was made, and what it is at. No
// token and no resource is in it.
type Stats struct {
	// Locks, Extends and Unlocks are calls by their outcome, AutoExtends the
	// extensions of Holds. Every outcome that there can be is there. A Lock that
	// was granted and then given back counts as granted, and in Undone.
	Locks, Extends, Unlocks, AutoExtends map[string]uint64
	// Losses are Holds that ended with ErrLost, by the reason: LossNotHeld,
	// LossNoQuorum, LossMaxHold or LossForced.
	Losses map[string]uint64
	Undone uint64
	// SplitVotes are rounds that nobody could win.
	SplitVotes uint64

	// GrantTime is from the call of a Lock to its grant, with any waiting.
	// WaitTime is of Locks that waited, whatever they got in the end. RoundTrip is
	// from asking the nodes to a majority. Validity is what was left of it at the
	// grant.
	GrantTime, WaitTime, RoundTrip, Validity Histogram

	Waiting int // Locks that wait now
	Held    int // Holds now
	Nodes   []NodeStats
}

// What becomes of a call.
const (
	OutcomeGranted    = "granted"
	OutcomeExtended   = "extended"
	OutcomeReleased   = "released"
	OutcomeHeld       = "held"      // by another
	OutcomeNotHeld    = "not_held"  // by this token
	OutcomeNoQuorum   = "no_quorum" // too few nodes could tell
	OutcomeTooLate    = "too_late"  // a majority said yes when no validity was left
	OutcomeCancelled  = "cancelled" // its caller went, or ended the wait
	OutcomeLimit      = "limit"     // as many wait as may
	OutcomeOverloaded = "overloaded"
	OutcomeLeaving    = "leaving" // the quorum was closed, or waiting stopped
	OutcomeInvalid    = "invalid" // an argument was refused
)

// Why a Hold was lost.
const (
	LossNotHeld  = "not_held"  // a majority of the nodes does not have it any more
	LossNoQuorum = "no_quorum" // no extension came through before the validity ended
	LossMaxHold  = "max_hold"  // it was held for as long as was allowed
	LossForced   = "forced"    // ForceUnlock of this Quorum released it; of another it is LossNotHeld
)

// Stats takes a snapshot. It is cheap enough to be called every second.
func (q *Quorum) Stats() Stats {
	c := q.stats
	s := Stats{
		Locks:       c.locks.snapshot(OutcomeGranted, OutcomeHeld, OutcomeCancelled, OutcomeLimit),
		Extends:     c.extends.snapshot(OutcomeExtended, OutcomeNotHeld),
		Unlocks:     c.unlocks.snapshot(OutcomeReleased, OutcomeNotHeld),
		AutoExtends: c.autoExtends.snapshot(OutcomeExtended, OutcomeNotHeld),
		Losses: map[string]uint64{
			LossNotHeld: c.lostNotHeld.Load(), LossNoQuorum: c.lostNoQuorum.Load(), LossMaxHold: c.lostMaxHold.Load(),
			LossForced: c.lostForced.Load(),
		},
		Undone:     c.undone.Load(),
		SplitVotes: c.splitVotes.Load(),
		GrantTime:  c.grantTime.snapshot(),
		WaitTime:   c.waitTime.snapshot(),
		RoundTrip:  c.roundTrip.snapshot(),
		Validity:   c.validity.snapshot(),
		Waiting:    q.Waiting(),
		Held:       q.Held(),
	}
	for i, n := range q.Nodes() {
		s.Nodes = append(s.Nodes, q.nodes[i].snapshot(n))
	}
	return s
}

// outcomes counts calls. won is whatever success is called.
type outcomes struct {
	won, held, notHeld, noQuorum, tooLate, cancelled, limit, overloaded, leaving, invalid atomic.Uint64
}

// of gives the counter for an error.
func (o *outcomes) of(err error) *atomic.Uint64 {
	switch err {
	case nil:
		return &o.won
	case ErrHeld:
		return &o.held
	case ErrNotHeld:
		return &o.notHeld
	case ErrTooLate:
		return &o.tooLate
	case ErrOverloaded:
		return &o.overloaded
	case ErrWaiters, ErrResourceWaiters:
		return &o.limit
	case ErrClosed:
		return &o.leaving
	}
	var argument *ArgumentError
	switch {
	case errors.Is(err, ErrNoQuorum):
		return &o.noQuorum
	case errors.As(err, &argument):
		return &o.invalid
	}
	return &o.cancelled
}

func (o *outcomes) count(err error) { o.of(err).Add(1) }

// snapshot has the outcomes that every call can have, and these: what success
// is called, and what only this kind of call can get.
func (o *outcomes) snapshot(won string, others ...string) map[string]uint64 {
	all := map[string]uint64{
		won:               o.won.Load(),
		OutcomeNoQuorum:   o.noQuorum.Load(),
		OutcomeTooLate:    o.tooLate.Load(),
		OutcomeOverloaded: o.overloaded.Load(),
		OutcomeLeaving:    o.leaving.Load(),
		OutcomeInvalid:    o.invalid.Load(),
	}
	for _, name := range others {
		switch name {
		case OutcomeHeld:
			all[name] = o.held.Load()
		case OutcomeNotHeld:
			all[name] = o.notHeld.Load()
		case OutcomeCancelled:
			all[name] = o.cancelled.Load()
		case OutcomeLimit:
			all[name] = o.limit.Load()
		}
	}
	return all
}

// counters are what calls count on their way: without a lock, and without
// allocating. They stand apart from what those only read, so that a write here
// takes nothing from another core's cache.
type counters struct {
	locks, extends, unlocks, autoExtends outcomes
	lostNotHeld, lostNoQuorum            atomic.Uint64
	lostMaxHold, lostForced              atomic.Uint64
	undone, splitVotes                   atomic.Uint64
	grantTime, waitTime, roundTrip       timings
	validity                             validities
	refused                              refusals
}

func newCounters() *counters {
	return &counters{grantTime: newTimings(), waitTime: newTimings(), roundTrip: newTimings(), validity: newValidities()}
}

// answer counts a Lock's outcome and tells its caller.
func (a *attempt) answer(g Grant, err error) {
	c, now := a.quorum.stats, time.Now()
	c.locks.count(err)
	if err == nil {
		c.grantTime.add(now.Sub(a.arrived))
		c.validity.add(g.Validity(now))
	}
	if err == ErrHeld {
		c.refused.add(a.request.Resource, now)
	}
	if a.place != nil && a.place.timer != nil { // it was not answered at once
		c.waitTime.add(now.Sub(a.arrived))
	}
	a.done(g, err)
}

// round counts one that was decided.
func (c *counters) round(n *round) {
	c.roundTrip.add(n.decided.Sub(n.asked))
	if n.outcome == splitVote {
		c.splitVotes.Add(1)
	}
}

// task counts an Extend, an Unlock or the extension of a Hold. A release that
// nobody asked for is none of them.
func (c *counters) task(k *task) {
	switch {
	case k.hold != nil:
		c.autoExtends.count(k.err)
	case k.op == extend:
		c.extends.count(k.err)
	case k.kind == byToken:
		c.unlocks.count(k.err)
	}
}

// lost counts a Hold that was lost for one of the reasons above.
func (c *counters) lost(reason string) {
	switch reason {
	case LossNotHeld:
		c.lostNotHeld.Add(1)
	case LossNoQuorum:
		c.lostNoQuorum.Add(1)
	case LossMaxHold:
		c.lostMaxHold.Add(1)
	case LossForced:
		c.lostForced.Add(1)
	}
}

// refuse counts and tells that a call is not made.
func refuse(o *outcomes, done func(Grant, error), err error) {
	o.count(err)
	done(Grant{}, err)
}

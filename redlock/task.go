package redlock

import (
	"sync/atomic"
	"time"
)

// task is an Extend or an Unlock under way. Both ask the nodes for something
// that only the token's holder can have, and are decided alike.
type task struct {
	quorum  *Quorum
	request Request
	op      operation
	kind    string // of a release: byToken or byOwner
	owner   string // of one by owner
	done    func(Grant, error)
	ended   func(error) // instead, of an unlock

	grant   Grant // extend: what it will be
	epoch   int64 // of the guard, when it was asked
	wire    request
	ballot  ballot
	err     error
	answers []answer
	void    atomic.Bool // what is owed of this unlock need not be sent
	hold    *Hold       // an extension of it
	survey  *survey     // a look that takes its turn, and nothing else
	forced  bool        // a release without its holder, see ForceUnlock
	told    bool        // an unlock: it is published to other processes
	heard   int64       // by so many of them, at most
}

func (q *Quorum) startTask(k *task) {
	k.quorum = q
	if !q.begin() {
		k.tell(Grant{}, ErrClosed)
		return
	}
	k.request.TTL = k.request.TTL.Truncate(time.Millisecond) // what the nodes count in
	q.queue.start(k)
}

// tell tells the caller what came of it.
func (k *task) tell(g Grant, err error) {
	if k.ended != nil {
		k.ended(err)
		return
	}
	k.done(g, err)
}

// ask sends the task to every node. The caller holds the shard's lock.
func (k *task) ask(tell notice, f *fanOut) {
	if k.survey != nil {
		k.survey.ask(f)
		return
	}
	q, r := k.quorum, k.request
	now := time.Now()
	w := &k.wire
	*w = request{op: k.op, key: q.key(r.Resource), token: r.Token, ttl: r.TTL, made: now}
	k.epoch = q.guard.epoch.Load()
	if k.op == extend {
		patience := r.TTL - q.rules.drift(r.TTL, q.options.DriftFactor)
		k.grant = Grant{Resource: r.Resource, Token: r.Token, Until: now.Add(patience), asked: now, quorum: q, slept: q.slept.Load()}
		w.expires = now.Add(min(q.options.NodeTimeout, patience))
		w.value = newValue(r.Token)
		w.command = w.extendCommand(&q.scripts)
	} else {
		w.command = w.releaseCommand(&q.scripts, k.kind, k.owner, tell)
		k.told = tell != notice{}
		if !k.forced {
			w.void = &k.void
		}
	}
	w.ballot = k.ballot.open(k, len(q.nodes), q.needed)
	f.send(q, w)
}

// decide: done when a majority did it; not held as soon as the nodes that have
// the token, and those that may have it, are no majority; otherwise nobody can
// tell.
func (k *task) decide(b *ballot) bool {
	if k.forced {
		return k.decideForced(b)
	}
	t := &b.tally
	switch {
	case t.yes >= t.needed:
		if k.told {
			k.heard = b.mostNumber()
		}
		switch {
		case k.op != extend:
		case !k.inTime():
			k.err = ErrTooLate
		case k.epoch != k.quorum.guard.epoch.Load():
			k.err = ErrNoQuorum
		}
	case t.yes+t.pending() >= t.needed:
		return false
	case t.yes+t.failed+t.pending() < t.needed:
		k.err = ErrNotHeld
	case t.pending() > 0:
		return false // it may still be told, and the error shall name every reason
	default:
		k.err = ErrNoQuorum
	}
	if k.err != nil {
		k.answers = b.copyAnswers()
	}
	return true
}

// inTime: something is left of the new validity.
func (k *task) inTime() bool {
	k.grant.settleUntil()
	return k.grant.Validity(time.Now()) > 0
}

func (k *task) settle() {
	if k.err == ErrNoQuorum {
		for i := range k.answers {
			if a := &k.answers[i]; k.op == extend && a.verdict == yes && k.epoch != k.quorum.guard.epoch.Load() {
				*a = answer{verdict: unknown, err: errMembersChanged}
			}
		}
		k.err = k.quorum.noQuorum(k.answers)
	}
	switch k.err {
	case ErrNotHeld:
		k.void.Store(true)
		if k.op == extend && k.hold == nil {
			k.releaseRest()
		}
	case ErrOverloaded:
		k.void.Store(true)
	}
	k.quorum.stats.task(k)
	if k.err == nil {
		k.tell(k.grant, nil)
	} else {
		k.tell(Grant{}, k.err)
	}
	if k.told && k.err == nil {
		k.quorum.queue.heard(k.request.Resource, k.heard > 0 && k.heard > k.quorum.ears.own(k.request.Resource))
	}
}

// releaseRest frees what a caller's extension found of a lapsed lock on a
// minority of the nodes, which would only be in the way of the next holder. By
// its own value, not by the token: a Lock with the same token may have been
// granted since. The extension of a Hold leaves it: it finds a lock gone when an
// UNLOCK elsewhere is half done too, which would then have nothing to release.
func (k *task) releaseRest() {
	var nodes []int
	for i, a := range k.answers {
		if a.verdict != no && a.verdict != failed {
			nodes = append(nodes, i)
		}
	}
	k.quorum.undoAt(nodes, &k.wire, notice{})
}

func (k *task) complete() {
	if k.hold != nil && k.err == nil && !k.quorum.rules.noRepair {
		k.hold.startRepair(k, k.ballot.copyAnswers())
	}
	k.quorum.end()
}

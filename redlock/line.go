package redlock

import "time"

// line is the queue of one resource. Those who do not wait stand in behind only
// while somebody asks, and share its answer; those who wait have a place, and
// the first of them asks whenever there may be something to win.
// All of it is under the shard's lock.
type line struct {
	queue    *queue
	resource string
	asking   *attempt // a round of it is under way
	behind   []entry
	sessions map[uint64]int // how many entries of behind each session has
	places   places

	// missed: since the round under way began, something happened that it may
	// not have seen.
	missed bool
	// unsure: since then somebody came for whom its refusal says nothing.
	unsure bool
	last   error // what a waiter hears whose time is over: the last outcome

	wake
}

// entry is a call that stands in a line: a Lock that does not wait, or what
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

// lock takes in a Lock that has just come.
func (l *line) lock(a *attempt, f *fanOut) {
	if a.request.Token != "" {
		l.replace(a, f)
	}
	switch {
	case l.sessions[a.request.Session] > 0 || a.place == nil && (l.asking != nil || l.places.length > 0):
		if len(l.behind) >= maxQueued {
			f.refuse(a, ErrOverloaded)
			return
		}
		if a.place != nil {
			a.place.queued = true
		}
		l.push(entry{attempt: a})
		l.advance(nil, f)
	case a.place == nil:
		l.ask(a, f)
	default:
		l.join(a, f)
	}
}

// settled goes on after a round. over: its caller has been answered.
func (l *line) settled(n *round, over bool, err error, f *fanOut) {
	a := n.attempt
	l.asking, a.asked = nil, true
	if n.outcome == granted {
		err = ErrHeld // by the one who asked
	}
	l.learn(n, err)
	switch {
	case a.place == nil || over:
	case a.revoked.Load():
		l.leave(a)
		f.refuse(a, ErrHeld)
	case a.place.over != nil && a.place.over != errTimeUp:
		l.leave(a)
		f.refuse(a, a.place.over)
	case a.place.final || a.place.over != nil:
		a.place.over = errTimeUp
		l.leave(a)
		f.refuse(a, err)
	default:
		l.watch(a)
	}
	l.share(n, err, f)
	l.advance(n, f)
}

// ask begins a round.
func (l *line) ask(a *attempt, f *fanOut) {
	l.asking, l.missed, l.unsure, l.due = a, false, false, time.Time{}
	a.repeats, a.fenceTries, a.fenceClock = 0, 0, 0
	a.ask(f)
}

// run starts an extension or a release. After a release, who waits asks right
// behind it, in the same lanes: that is the hand-over in one round trip.
func (l *line) run(k *task, f *fanOut) {
	if k.op != release {
		k.ask(notice{}, f)
		return
	}
	if k.kind == byToken {
		l.dismiss(k.request.Token, f) // who unlocks does not wait for that lock any more
	}
	k.ask(l.notice(nil), f)
	l.freed(f)
}

// has tells whether the session has something in the line that its next call
// must not overtake. A Lock that has asked once, and waits, has had its turn.
func (l *line) has(session uint64) bool {
	return session != 0 && (l.sessions[session] > 0 ||
		l.asking != nil && l.asking.request.Session == session && !l.asking.asked)
}

// share answers Locks at the front without asking the nodes again. It is what
// keeps a crowd of callers on one resource from costing a round trip each.
func (l *line) share(n *round, err error, f *fanOut) {
	for len(l.behind) > 0 && l.behind[0].attempt != nil {
		switch a := l.behind[0].attempt; {
		case a.place != nil:
			l.pop()
			l.join(a, f)
		case n.speaksFor(a):
			l.pop()
			f.refuse(a, err)
		default:
			return
		}
	}
}

// advance starts what stands at the front, up to and with the next Lock. n is
// the round that was made last, nil when that is long ago.
func (l *line) advance(n *round, f *fanOut) {
	for l.asking == nil && len(l.behind) > 0 {
		switch e := l.behind[0]; {
		case e.task != nil:
			l.pop()
			l.run(e.task, f)
		case e.attempt.ctx.Err() != nil:
			l.pop()
			f.refuse(e.attempt, e.attempt.ctx.Err())
		case e.attempt.place != nil:
			l.pop()
			l.join(e.attempt, f)
		case l.places.length > 0 && !n.looked(e.attempt):
			l.askFront(f) // who came first asks, for both
		default:
			l.pop()
			l.ask(e.attempt, f)
		}
	}
	if l.asking == nil && l.places.length > 0 {
		l.rest(n, f)
	}
}

// looked tells whether the round began after the other had come, or with it.
// Then another one by somebody else would tell it no more.
func (n *round) looked(other *attempt) bool {
	return n != nil && n.outcome != cancelled && !other.arrived.After(n.asked)
}

// rest decides whether those who wait have a reason to ask at once, and
// otherwise when to ask again.
func (l *line) rest(n *round, f *fanOut) {
	if a := l.named(n); a != nil {
		l.ask(a, f)
		return
	}
	if a := l.slower(n); a != nil {
		l.ask(a, f)
		return
	}
	if l.missed || l.unsure {
		l.askFront(f)
		return
	}
	if l.rumour {
		l.rumour = false
		l.sleepABit()
	}
	l.sleep(f)
}

// askFront lets the first who waits ask, if there is one who still cares.
func (l *line) askFront(f *fanOut) {
	for a := l.places.first; a != nil; a = l.places.first {
		if err := a.ctx.Err(); err != nil {
			l.leave(a)
			f.refuse(a, err)
			continue
		}
		l.ask(a, f)
		return
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

// learn notes what a round tells about the holder.
func (l *line) learn(n *round, err error) {
	// A release that came during the round is of what the round has won.
	silent := l.silent && l.missed
	l.wake.learn(n)
	l.silent = l.silent || silent
	if n.outcome == cancelled {
		l.missed = true // what it had won is free again
		return          // its caller's reason is nobody else's
	}
	l.last = err
	if n.outcome == granted {
		l.unsure = false
	}
}

// known tells whether another token than this one is known to hold the
// resource: it was granted through here and is valid.
func (l *line) known(token string) bool {
	return l.holder != token && time.Now().Before(l.until)
}

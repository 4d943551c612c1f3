package redlock

import "time"

// places are the Locks that wait for a resource, in the order in which they
// came.
type places struct {
	first, last *attempt
	length      int
	lastNumber  uint64
	tokens      map[string]*attempt // those that brought a token
	kept        map[string]*keptPlace
}

// place is where a Lock that may wait stands.
type place struct {
	before, behind *attempt
	number         uint64 // in the order of arrival
	listed         bool
	queued         bool // behind something of its session, and not listed yet

	deadline time.Time
	counts   bool  // the caller counts attempts: the last one is made at the deadline
	final    bool  // that is the round under way
	over     error // the wait has been ended: what its caller hears unless it is granted the lock after all

	timer *time.Timer
	named time.Time // when it last asked because a node had named its token
}

// keptPlace is for a caller who will ask again with its token.
type keptPlace struct {
	number uint64
	timer  *time.Timer
}

// keepPlace is how long. It covers a new connection on a slow network.
const keepPlace = 500 * time.Millisecond

// insert puts a where its number belongs; mostly that is the end.
func (p *places) insert(a *attempt) {
	after := p.last
	for after != nil && after.place.number > a.place.number {
		after = after.place.before
	}
	a.place.before, a.place.listed = after, true
	if after == nil {
		a.place.behind, p.first = p.first, a
	} else {
		a.place.behind, after.place.behind = after.place.behind, a
	}
	if a.place.behind == nil {
		p.last = a
	} else {
		a.place.behind.place.before = a
	}
	p.length++
	if token := a.request.Token; token != "" {
		if p.tokens == nil {
			p.tokens = map[string]*attempt{}
		}
		p.tokens[token] = a
	}
}

func (p *places) remove(a *attempt) {
	if a.place.before == nil {
		p.first = a.place.behind
	} else {
		a.place.before.place.behind = a.place.behind
	}
	if a.place.behind == nil {
		p.last = a.place.before
	} else {
		a.place.behind.place.before = a.place.before
	}
	a.place.before, a.place.behind, a.place.listed = nil, nil, false
	p.length--
	if p.tokens[a.request.Token] == a {
		delete(p.tokens, a.request.Token)
	}
}

// join gives a its place and asks if there is a reason to.
func (l *line) join(a *attempt, f *fanOut) {
	a.place.queued = false
	switch {
	case l.queue.closed.Load():
		f.refuse(a, ErrClosed)
		return
	case a.ctx.Err() != nil:
		f.refuse(a, a.ctx.Err())
		return
	case a.place.over == errTimeUp:
		f.refuse(a, l.outcome())
		return
	case a.place.over != nil:
		f.refuse(a, a.place.over)
		return
	}
	if a.request.Token != "" && !l.replaceEarlier(a, f) {
		return
	}
	if err := l.seat(a); err != nil {
		f.refuse(a, err)
		return
	}
	first, token := l.places.first == a, a.request.Token
	switch {
	case l.asking != nil:
		l.unsure = l.unsure || first || token != ""
	case first && time.Now().Before(l.theirs) && l.theirs.Before(a.place.deadline):
		l.sleepUntil(l.theirs)
	case first:
		l.ask(a, f)
	case token != "" && !l.known(token):
		l.askFront(f) // its token may be the holder; the nodes will name it
	}
	if l.asking != a {
		l.watch(a)
	}
}

// seat lists a, at the place kept for it if there is one.
func (l *line) seat(a *attempt) error {
	o := &l.queue.quorum.options
	if l.places.length >= o.MaxWaitersPerResource {
		return ErrResourceWaiters
	}
	if l.queue.waiting.Add(1) > int64(o.MaxWaiters) {
		l.queue.waiting.Add(-1)
		return ErrWaiters
	}
	p := a.place
	if kept := l.places.kept[a.request.Token]; kept != nil {
		l.discard(a.request.Token, kept)
		p.number = kept.number
	}
	if p.number == 0 {
		l.places.lastNumber++
		p.number = l.places.lastNumber
	}
	if l.places.length == 0 {
		l.queue.heads.Add(1)
		l.queue.quorum.ears.listen(l)
	}
	l.places.insert(a)
	return nil
}

// leave takes a off the list.
func (l *line) leave(a *attempt) {
	p := a.place
	if !p.listed {
		return
	}
	l.places.remove(a)
	l.queue.waiting.Add(-1)
	if p.timer != nil {
		p.timer.Stop()
	}
	if l.places.length == 0 {
		l.queue.heads.Add(-1)
		l.queue.quorum.ears.leave(l)
	}
	if a.request.Token != "" && a.keeps() && !a.revoked.Load() {
		l.keep(a.request.Token, p.number)
	}
}

// keeps tells whether the caller may be expected to come back for its place:
// it said so, or its connection ended while it waited.
func (a *attempt) keeps() bool {
	return a.ctx.Err() != nil || a.request.KeepPlace && a.place.over == errTimeUp
}

func (l *line) keep(token string, number uint64) {
	kept := &keptPlace{number: number}
	resource, t := l.resource, l.queue
	kept.timer = time.AfterFunc(keepPlace, func() {
		t.visit(resource, func(l *line, _ *fanOut) {
			if l.places.kept[token] == kept {
				delete(l.places.kept, token)
			}
		})
	})
	if l.places.kept == nil {
		l.places.kept = map[string]*keptPlace{}
	}
	l.places.kept[token] = kept
}

func (l *line) discard(token string, kept *keptPlace) {
	kept.timer.Stop()
	delete(l.places.kept, token)
}

// watch sees to it that a leaves when its time is over. Only those that were not
// granted at once need it.
func (l *line) watch(a *attempt) {
	p := a.place
	if p.timer != nil || !p.listed {
		return
	}
	t := l.queue
	p.timer = time.AfterFunc(time.Until(p.deadline), func() { t.timeUp(a) })
}

// replace ends an earlier Lock with a's token that still waits; a gets its
// place. The earlier one must not be granted any more: whoever sent it has sent
// this one since.
func (l *line) replace(a *attempt, f *fanOut) {
	old := l.places.tokens[a.request.Token]
	if old == nil {
		return
	}
	if a.place != nil {
		a.place.number = old.place.number
	}
	l.revoke(old, f)
}

// replaceEarlier is replace for one that stood behind others of its session,
// where tries with its token may have overtaken it. It reports false when a was
// the earlier one.
func (l *line) replaceEarlier(a *attempt, f *fanOut) bool {
	if other := l.places.tokens[a.request.Token]; other != nil && other.arrived.After(a.arrived) {
		f.refuse(a, ErrHeld)
		return false
	}
	l.replace(a, f)
	return true
}

// dismiss ends a wait for a lock that its caller has just released.
func (l *line) dismiss(token string, f *fanOut) {
	if old := l.places.tokens[token]; old != nil {
		l.revoke(old, f)
	}
	if kept := l.places.kept[token]; kept != nil {
		l.discard(token, kept)
	}
}

func (l *line) revoke(a *attempt, f *fanOut) {
	a.revoked.Store(true)
	if l.asking == a {
		delete(l.places.tokens, a.request.Token) // its round ends as cancelled
		return
	}
	l.leave(a)
	f.refuse(a, ErrHeld)
}

// outcome is what a waiter hears whose time is over.
func (l *line) outcome() error {
	if l.last == nil {
		return ErrHeld // nobody has heard from the nodes yet, but somebody came first
	}
	return l.last
}

// timeUp ends a wait. Who counts its attempts makes the last one now.
func (t *queue) timeUp(a *attempt) {
	t.visit(a.request.Resource, func(l *line, f *fanOut) {
		p := a.place
		switch {
		case !p.listed || p.over != nil:
		case p.counts && l.places.first == a && l.asking == nil:
			p.final = true
			l.ask(a, f)
		default:
			l.end(a, nil, f)
		}
	})
}

// end ends a wait for another reason than its time, or with nil as if for that.
// It reports false when it had been ended.
func (l *line) end(a *attempt, why error, f *fanOut) bool {
	p := a.place
	if !p.listed && !p.queued || p.over != nil {
		return false
	}
	heard := why
	if why == nil {
		why, heard = errTimeUp, l.outcome()
	}
	p.over = why
	if p.listed && l.asking != a {
		l.leave(a)
		f.refuse(a, heard)
	}
	return true
}

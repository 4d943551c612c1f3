package redlock

import "time"

// wake is what a line knows of the holder, and with it when those who wait have
// a reason to ask. There are four: a release through this process, the news of
// one elsewhere, the end of the holder's ttl, and, as all of these may be
// missed, a poll now and then.
type wake struct {
	holder string    // the token that holds it, as far as known
	until  time.Time // the end of its validity, if it was granted through this process
	lapses time.Time // when the key is gone at a majority unless it is extended; zero: unknown
	free   int       // so often in a row a majority had no key, and yet it could not be had

	releases int       // through this process, while anybody waits anywhere
	recent   time.Time // when the last of them was
	silent   bool      // others were not told of it, and nobody here has had the lock since
	others   bool      // other processes listen for this resource
	theirs   time.Time // until when it is left to them
	news     news
	rumour   bool // too few nodes told it while a round was under way

	timer *time.Timer
	rings time.Time // when it will, zero: it will not
	due   time.Time // when there is reason to, zero: never
}

// news is what the nodes have told of one release elsewhere.
type news struct {
	id    string
	nodes uint32 // who has told it
	acted bool
}

// turns is how many releases through this process are for those who wait here
// or come next, until one is for those who wait elsewhere. A hand-over to another
// process costs about two round trips instead of one; with every fourth, both
// get half of the locks at little loss.
const turns = 4

// remember is how long a line is kept that nobody needs, for its count of the
// turns: with few contenders there are moments without any who waits, and to
// begin anew after each would keep the others out for ever.
const remember = time.Second

// learn notes what a round tells about the holder.
func (w *wake) learn(n *round) {
	switch n.outcome {
	case granted:
		w.holder, w.until, w.free = n.grant.Token, n.grant.Until, 0
		w.lapses = n.decided.Add(n.wire.ttl)
		w.silent = false
	case held:
		if token := n.mostSeen(); token != w.holder {
			w.holder, w.until, w.lapses, w.free = token, time.Time{}, time.Time{}, 0
		}
	case noQuorum:
		w.until = time.Time{}
	default: // nobody has it
		w.until, w.lapses = time.Time{}, time.Time{}
	}
}

// notice is what a release through this process tells the others. While
// somebody waits here the lock is not theirs to have, except for their turn.
// leaver, if not nil, waits no more though it has its place still.
func (l *line) notice(leaver *attempt) notice {
	l.releases++
	l.recent = time.Now()
	waiting := l.places.length
	if leaver != nil && leaver.place != nil && leaver.place.listed {
		waiting--
	}
	l.silent = waiting > 0 && l.releases%turns != 0
	if l.silent {
		return notice{}
	}
	return l.queue.newNotice(l.resource)
}

// tellLate tells others of a release that was kept for those who waited here,
// when all of them have left without having had the lock.
func (l *line) tellLate() {
	if !l.silent || l.asking != nil || l.places.length > 0 {
		return
	}
	l.silent = false
	q := l.queue.quorum
	r := &request{op: inspect, key: q.key(l.resource), made: time.Now()}
	r.command = r.publishCommand(l.queue.newNotice(l.resource))
	lane := q.laneOf(r.key)
	for _, n := range q.nodes {
		n.lanes[lane].push(r)
	}
}

// freed lets the first who waits ask, right behind what has just been queued to
// free the resource; unless it is the turn of others.
func (l *line) freed(f *fanOut) {
	switch {
	case l.asking != nil:
		l.missed = true
	case l.others && l.releases%turns == 0:
		// What was queued takes half a trip, the news another half, and the others'
		// requests one more; twice that, as a turn that they miss costs them four,
		// and one that they take costs nobody anything.
		trip := l.queue.trip()
		l.theirs = time.Now().Add(4*trip + l.queue.quorum.upTo(2*trip))
		if l.places.length > 0 {
			l.sleepUntil(l.theirs)
		}
	default:
		l.askFront(f)
	}
}

// trip is how long the last round that won took, of whatever line; at least what
// timers can keep to.
func (t *queue) trip() time.Duration {
	return max(time.Duration(t.lastTrip.Load()), 300*time.Microsecond)
}

// forgettable tells whether nobody needs the line, and otherwise sees to it that
// it is asked again.
func (l *line) forgettable() bool {
	if l.asking != nil || len(l.behind) > 0 || l.places.length > 0 || len(l.places.kept) > 0 {
		return false
	}
	if l.releases == 0 {
		return true
	}
	end := l.recent.Add(remember)
	if !time.Now().Before(end) {
		return true
	}
	l.sleepUntil(end)
	return false
}

// mostSeen is the token that most nodes named as the holder.
func (n *round) mostSeen() string {
	var token string
	most := 0
	for _, a := range n.answers {
		if a.verdict != no {
			continue
		}
		same := 0
		for _, b := range n.answers {
			if b.verdict == no && tokenOf(a.holder) == tokenOf(b.holder) {
				same++
			}
		}
		if same > most {
			token, most = tokenOf(a.holder), same
		}
	}
	return token
}

// heard notes whether others were listening when a release of ours was
// published.
func (t *queue) heard(resource string, others bool) {
	s := t.shard(resource)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[resource]
	if l == nil && others {
		l = &line{queue: t, resource: resource}
		l.releases, l.recent = 1, time.Now()
		s.lines[resource] = l
		s.tidy(l)
	}
	if l != nil {
		l.others = others
	}
}

// told takes the news of a release elsewhere. It is worth asking as soon as a
// majority has told it; before, the others may not have got the release yet.
func (t *queue) told(resource string, node int, id string) {
	t.visit(resource, func(l *line, f *fanOut) {
		l.others = true
		if l.news.id != id {
			l.news = news{id: id}
		}
		l.news.nodes |= 1 << node
		switch {
		case l.news.acted:
		case ones(l.news.nodes) >= t.quorum.needed:
			l.news.acted = true
			l.look(f)
		case l.asking != nil:
			l.rumour = true
		case l.places.length > 0:
			l.sleepABit() // some nodes may have nothing to tell
		}
	})
}

// wakeUp lets who waits for the resource ask.
func (t *queue) wakeUp(resource string) {
	t.visit(resource, func(l *line, f *fanOut) { l.look(f) })
}

// look asks now, or after the round under way.
func (l *line) look(f *fanOut) {
	if l.asking != nil {
		l.missed = true
		return
	}
	l.askFront(f)
}

// named finds a waiter whose own token holds the resource, as a round has just
// told: it was granted to an earlier try of the same caller. What the nodes say
// is not asked about again and again.
func (l *line) named(n *round) *attempt {
	if n == nil || len(l.places.tokens) == 0 {
		return nil
	}
	if n.outcome == granted {
		return l.places.tokens[n.grant.Token]
	}
	for _, a := range n.answers {
		if a.verdict != no {
			continue
		}
		w := l.places.tokens[tokenOf(a.holder)]
		if w != nil && time.Since(w.place.named) > l.queue.quorum.options.RetryDelay {
			w.place.named = time.Now()
			return w
		}
	}
	return nil
}

// slower finds a waiter whose longer ttl may be enough where a round has just
// come too late, so that one with too short a ttl is in nobody's way.
func (l *line) slower(n *round) *attempt {
	if n == nil || n.outcome != tooLate {
		return nil
	}
	for a := l.places.first; a != nil; a = a.place.behind {
		if a.request.TTL > n.wire.ttl {
			return a
		}
	}
	return nil
}

// sleep arranges for the next look when there is no reason for one now.
func (l *line) sleep(f *fanOut) {
	now := time.Now()
	at := now.Add(l.queue.spread(l.queue.quorum.pause()))
	switch {
	case !l.lapses.After(now):
		l.inspect(f)
	case l.lapses.Before(at):
		at = l.lapses
	}
	l.sleepUntil(at)
}

// sleepABit is for when not all nodes may have yet what is worth asking for.
func (l *line) sleepABit() {
	l.sleepUntil(time.Now().Add(2*l.queue.trip() + time.Millisecond))
}

// sleepUntil sets the alarm, which is one for all who wait in a line and all of
// their reasons: the first counts, until somebody asks. A timer that rings before
// is left alone and set anew when it does: to move one at every hand-over costs
// more than that.
func (l *line) sleepUntil(at time.Time) {
	if l.due.IsZero() || at.Before(l.due) {
		l.due = at
	}
	at = l.due
	if !l.rings.IsZero() && !l.rings.After(at) {
		return
	}
	l.rings = at
	if l.timer == nil {
		t, resource := l.queue, l.resource
		l.timer = time.AfterFunc(time.Until(at), func() { t.alarm(resource) })
		return
	}
	l.timer.Reset(time.Until(at))
}

func (l *line) stopTimer() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// alarm asks, unless that was put off meanwhile or has been overtaken.
func (t *queue) alarm(resource string) {
	t.visit(resource, func(l *line, f *fanOut) {
		l.rings = time.Time{}
		switch {
		case l.due.IsZero():
		case time.Now().Before(l.due):
			l.sleepUntil(l.due)
		default:
			l.due = time.Time{}
			l.askFront(f)
		}
	})
}

// mostPolls is how many polls a second are made for all resources together:
// about a tenth of what a small machine can do. They only find what libraries
// release directly on the nodes.
const mostPolls = 2000

// spread makes the pause longer when many resources are waited for.
func (t *queue) spread(pause time.Duration) time.Duration {
	heads := time.Duration(t.heads.Load())
	o := &t.quorum.options
	if least := heads * time.Second / mostPolls; least > o.RetryDelay {
		pause += least - o.RetryDelay
	}
	return pause
}

// pause is the time between two attempts that nothing else has caused: the delay
// with the jitter, so that processes do not poll in step.
func (q *Quorum) pause() time.Duration {
	o := &q.options
	return max(o.RetryDelay-o.RetryJitter+q.upTo(2*o.RetryJitter), time.Millisecond)
}

package redlock

// Waiting is how many Locks wait at this moment, for all resources together.
func (q *Quorum) Waiting() int { return int(q.queue.waiting.Load()) }

// EndWaits ends the waiting of a session's Locks; their callers hear why, unless
// one is granted its lock at this moment. A nil why is as if their time were
// over. It returns how many there were, and takes a look at every waiter.
func (q *Quorum) EndWaits(session uint64, why error) int {
	return q.queue.endWaits(why, func(a *attempt) bool { return a.request.Session == session })
}

// StopWaiting ends all waits with ErrClosed. From then on a Lock that might wait
// is refused in the same way; those that do not wait go on.
func (q *Quorum) StopWaiting() {
	q.queue.closed.Store(true)
	q.queue.endWaits(ErrClosed, func(*attempt) bool { return true })
}

func (t *queue) endWaits(why error, whose func(*attempt) bool) int {
	ended := 0
	for i := range t.shards {
		s := &t.shards[i]
		var f fanOut
		s.mu.Lock()
		for _, l := range s.lines {
			ended += l.endWaits(why, whose, &f)
			s.tidy(l)
		}
		s.mu.Unlock()
		f.finish()
	}
	return ended
}

func (l *line) endWaits(why error, whose func(*attempt) bool, f *fanOut) int {
	ended := 0
	for a := l.places.first; a != nil; {
		next := a.place.behind
		if whose(a) && a.place.over == nil {
			ended++
			l.end(a, why, f)
		}
		a = next
	}
	return ended
}

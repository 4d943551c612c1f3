package redlock

// Waiting is how many Locks wait at this moment, for all resources together.
func (q *Quorum) Waiting() int { return int(q.queue.waiting.Load()) }

// Held is how many Holds there are at this moment.
func (q *Quorum) Held() int {
	q.keeper.mu.Lock()
	defer q.keeper.mu.Unlock()
	return len(q.keeper.heap)
}

// Attempt is a Lock that StartLock has started.
type Attempt struct{ attempt *attempt }

// End ends its waiting: the caller hears why, unless it is granted the lock at
// this moment. A nil why is as if its time were over. End reports false when it
// does not wait.
func (a Attempt) End(why error) bool {
	if a.attempt == nil || a.attempt.place == nil {
		return false
	}
	ended := false
	a.attempt.quorum.queue.visit(a.attempt.request.Resource, func(l *line, f *fanOut) {
		ended = l.end(a.attempt, why, f)
	})
	return ended
}

// StopWaiting ends all waits with ErrClosed. From then on a Lock that might wait
// is refused in the same way; those that do not wait go on.
func (q *Quorum) StopWaiting() {
	q.queue.closed.Store(true)
	for i := range q.queue.shards {
		s := &q.queue.shards[i]
		var f fanOut
		s.mu.Lock()
		for _, l := range s.lines {
			for a := l.places.first; a != nil; {
				next := a.place.behind
				l.end(a, ErrClosed, &f)
				a = next
			}
			s.tidy(l)
		}
		s.mu.Unlock()
		f.finish()
	}
}

package redlock

import (
	"context"
	"time"
)

// Extend makes the lock that Request.Token holds on Request.Resource last at
// least Request.TTL from now. It never shortens a lock, and never revives one
// that a majority of the nodes no longer has. Of a lock with a Hold in this
// process it sets the ttl from now on, and goes no further than that may.
//
// Errors: ErrNotHeld, and what is left of the lock is then released;
// ErrTooLate or a *QuorumError, and the validity from before still stands;
// ErrOverloaded, ErrClosed, an *ArgumentError, or ctx.Err() while the
// extension goes on.
func (q *Quorum) Extend(ctx context.Context, r Request) (Grant, error) {
	return wait(ctx, func(done func(Grant, error)) { q.StartExtend(r, done) }, func() {}, func(Grant) {})
}

// StartExtend is Extend without waiting: done is called once, now or later,
// from another goroutine; it must not block.
func (q *Quorum) StartExtend(r Request, done func(Grant, error)) {
	if err := q.checkExtend(r); err != nil {
		refuse(&q.stats.extends, done, err)
		return
	}
	h := q.keeper.held(r.Resource, r.Token)
	if h == nil {
		q.startTask(&task{op: extend, request: r, done: done})
		return
	}
	asked := r.TTL
	r.TTL = min(r.TTL, time.Until(h.last))
	if r.TTL < q.leastTTL { // no further than its Hold may go, which is where it is
		q.stats.extends.count(nil)
		done(Grant{Resource: r.Resource, Token: r.Token, slept: q.slept.Load(), quorum: q, Until: h.Until()}, nil)
		return
	}
	q.startTask(&task{op: extend, request: r, done: func(g Grant, err error) {
		if err == nil {
			q.keeper.extendedBy(h, asked, g)
		}
		done(g, err)
	}})
}

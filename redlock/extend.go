package redlock

import (
	"context"
)

// Extend makes the lock that Request.Token holds on Request.Resource last at
// least Request.TTL from now. It never shortens a lock, and never revives one
// that a majority of the nodes no longer has.
//
// Errors: ErrNotHeld, and what is left of the lock is then released;
// ErrTooLate or a *QuorumError, and the validity from before still stands;
// ErrOverloaded, ErrClosed, an *ArgumentError, or ctx.Err() while the
// extension goes on.
func (q *Quorum) Extend(ctx context.Context, r Request) (Grant, error) {
	return wait(ctx, func(done func(Grant, error)) { q.StartExtend(r, done) }, func(Grant) {})
}

// StartExtend is Extend without waiting: done is called once, now or later,
// from another goroutine; it must not block.
func (q *Quorum) StartExtend(r Request, done func(Grant, error)) {
	if err := q.checkExtend(r); err != nil {
		done(Grant{}, err)
		return
	}
	q.startTask(extend, r, done)
}

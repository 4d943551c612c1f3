package redlock

import (
	"context"
)

// Unlock releases the lock that Request.Token holds on Request.Resource.
// Request.TTL does not count. A Hold of it in this process ends.
//
// Errors: ErrNotHeld when a majority did not have it; a *QuorumError when too
// few nodes could tell, and the release goes on at the others as they come
// back; ErrClosed, an *ArgumentError, or ctx.Err() while the release goes on.
func (q *Quorum) Unlock(ctx context.Context, r Request) error {
	_, err := wait(ctx, func(done func(Grant, error)) {
		q.StartUnlock(r, func(err error) { done(Grant{}, err) })
	}, func() {}, func(Grant) {})
	return err
}

// StartUnlock is Unlock without waiting: done is called once, now or later,
// from another goroutine; it must not block.
func (q *Quorum) StartUnlock(r Request, done func(error)) {
	if err := q.checkUnlock(r); err != nil {
		q.stats.unlocks.count(err)
		done(err)
		return
	}
	q.keeper.unlocked(r.Resource, r.Token)
	q.startTask(&task{op: release, kind: byToken, request: r, ended: done})
}

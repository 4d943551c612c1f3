package redlock

import (
	"errors"
	"time"
)

// ErrLost is why a Hold ended: the nodes no longer let it be extended, or it
// has been held for as long as was allowed.
var ErrLost = errors.New("redlock: the lock can no longer be held")

// Hold is a granted lock that is extended every third of its ttl until it is
// released, let go or lost. It belongs to a Quorum, which extends all of its
// Holds from one timer.
type Hold struct {
	quorum   *Quorum
	resource string
	token    string
	value    string    // what its attempt wrote; names the owner
	fence    int64     // 0: none
	since    time.Time // when it was asked for
	last     time.Time // when it may no longer be held
	ended    func(*Hold, error)

	// under the keeper's lock
	ttl       time.Duration
	until     time.Time // end of the validity
	due       time.Time // next extension
	wakes     time.Time // when the keeper has to look
	index     int       // in its heap
	extending bool
	full      bool // it may not be extended any further
	over      bool
	loss      string // why it was lost; empty: it was not
}

// Hold begins to extend a lock that Lock has just granted for a Request with
// Owned set. ttl is the Request's; after most the lock is no longer extended.
// ended is called once, from another goroutine, when the Hold ends by itself:
// with nil after an Unlock or when another Hold with its token takes it up, with
// ErrLost before its validity is over. It must not block.
func (q *Quorum) Hold(g Grant, ttl, most time.Duration, ended func(*Hold, error)) *Hold {
	h := &Hold{
		quorum: q, resource: g.Resource, token: g.Token, value: g.value, fence: g.Fence,
		since: g.asked, last: g.asked.Add(most), ended: ended,
		ttl: ttl,
	}
	q.keeper.add(h, g)
	return h
}

// Since is when the Hold began.
func (h *Hold) Since() time.Time { return h.since }

// Until is the end of the validity as it is now.
func (h *Hold) Until() time.Time {
	h.quorum.keeper.mu.Lock()
	defer h.quorum.keeper.mu.Unlock()
	return h.until
}

// Validity is how much of it is left at now, which time.Now has just said. It takes
// in that the machine was suspended until then.
func (h *Hold) Validity(now time.Time) time.Duration {
	h.quorum.awakenAt(now)
	return h.Until().Sub(now)
}

// Over tells whether the Hold has ended, for whatever reason.
func (h *Hold) Over() bool {
	h.quorum.keeper.mu.Lock()
	defer h.quorum.keeper.mu.Unlock()
	return h.over
}

// Lost tells whether it ended as the lock could no longer be held.
func (h *Hold) Lost() bool {
	h.quorum.keeper.mu.Lock()
	defer h.quorum.keeper.mu.Unlock()
	return h.loss != ""
}

// Loss is why it was lost, one of LossNotHeld, LossNoQuorum, LossMaxHold and
// LossForced, or empty.
func (h *Hold) Loss() string {
	h.quorum.keeper.mu.Lock()
	defer h.quorum.keeper.mu.Unlock()
	return h.loss
}

// Resource is what is locked.
func (h *Hold) Resource() string { return h.resource }

// Stop ends the extending and leaves the lock to its ttl: its holder may still
// be at work.
func (h *Hold) Stop() { h.quorum.keeper.remove(h) }

// Release ends the Hold and releases its lock, unless another Lock with the
// same token relies on it too: one that came later, or one that held it before,
// as the nodes do not know which of the two went on. Then it lasts for its ttl.
func (h *Hold) Release() {
	if h.quorum.keeper.remove(h) {
		h.quorum.releaseOwned(h, byOwner)
	}
}

// releaseOwned queues the release of what an owner has. Nobody waits for it.
func (q *Quorum) releaseOwned(h *Hold, kind string) {
	if !q.begin() {
		return
	}
	r := Request{Resource: h.resource, Token: h.token}
	q.queue.start(&task{quorum: q, request: r, op: release, kind: kind, owner: ownerOf(h.value), done: func(Grant, error) {}})
}

// extend asks the nodes for another ttl.
func (h *Hold) extend(ttl time.Duration) {
	q := h.quorum
	if !q.begin() {
		q.keeper.extended(h, Grant{}, ErrClosed)
		return
	}
	r := Request{Resource: h.resource, Token: h.token, TTL: ttl}
	q.queue.start(&task{
		quorum: q, request: r, op: extend, hold: h,
		done: func(g Grant, err error) { q.keeper.extended(h, g, err) },
	})
}

package redlock

import (
	"container/heap"
	"errors"
	"sync"
	"time"
)

// keeper extends all Holds. They wait in one heap for one timer, and those that
// are due at about the same time are extended together, so that their requests
// share a pipeline at each node.
type keeper struct {
	epoch time.Time // times are rounded from here

	mu     sync.Mutex
	heap   holdHeap
	byLock map[lockName]*Hold
	timer  *time.Timer
	rings  time.Time // what the timer is set to; zero: it is not
	closed bool
}

type lockName struct{ resource, token string }

func newKeeper() *keeper { return &keeper{epoch: time.Now(), byLock: map[lockName]*Hold{}} }

// margin is how long before the end of its validity a lock is given up for
// lost, so that its holder can be told in time.
func margin(ttl time.Duration) time.Duration { return min(ttl/10, 100*time.Millisecond) }

// together is how far extensions are brought forward to meet others: a small
// part of the ttl, in steps that Holds of similar ttls share.
func together(ttl time.Duration) time.Duration {
	step := time.Millisecond
	for step*2 <= ttl/24 {
		step *= 2
	}
	return step
}

// plan sets when to look at a Hold next.
func (h *Hold) plan() {
	h.wakes = h.until.Add(-margin(h.ttl))
	if h.extending || h.full {
		return
	}
	epoch := h.quorum.keeper.epoch
	due := epoch.Add(h.due.Sub(epoch).Truncate(together(h.ttl)))
	if due.Before(h.wakes) {
		h.wakes = due
	}
}

// add takes a Hold of a grant.
func (k *keeper) add(h *Hold, g Grant) {
	k.mu.Lock()
	h.relied(g.until()) // under the lock: see slept
	if k.closed {
		h.over = true
		k.mu.Unlock()
		return
	}
	name := lockName{h.resource, h.token}
	old := k.byLock[name]
	if old != nil {
		k.drop(old)
	}
	k.byLock[name] = h
	h.plan()
	heap.Push(&k.heap, h)
	k.set()
	k.mu.Unlock()
	if old != nil {
		old.ended(old, nil)
	}
}

// remove ends a Hold without a word; it reports false when it was over.
func (k *keeper) remove(h *Hold) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.over {
		return false
	}
	k.drop(h)
	return true
}

func (k *keeper) drop(h *Hold) {
	h.over = true
	heap.Remove(&k.heap, h.index)
	delete(k.byLock, lockName{h.resource, h.token})
}

// unlocked ends the Hold of a lock that is about to be released.
func (k *keeper) unlocked(resource, token string) {
	k.mu.Lock()
	h := k.byLock[lockName{resource, token}]
	if h != nil {
		k.drop(h)
	}
	k.mu.Unlock()
	if h != nil {
		h.ended(h, nil)
	}
}

// lose notes and counts why a Hold is lost. The caller holds the lock.
func (h *Hold) lose(reason string) {
	h.loss = reason
	h.quorum.stats.lost(reason)
}

// ranOut is why the validity of a Hold ends: it had been extended as far as it may
// be, or could not be.
func (h *Hold) ranOut() string {
	if h.full {
		return LossMaxHold
	}
	return LossNoQuorum
}

// noticeOfForce is how long the holder's process has to tell it that its lock was
// released by force: nothing is gained by more, as another may have it at once.
const noticeOfForce = 200 * time.Millisecond

// forced ends the Hold of a lock that is about to be released without its holder.
func (k *keeper) forced(resource, token string) {
	k.mu.Lock()
	h := k.byLock[lockName{resource, token}]
	if h != nil {
		k.drop(h)
		h.lose(LossForced)
		if soon := time.Now().Add(noticeOfForce); h.until.After(soon) {
			h.until = soon
		}
	}
	k.mu.Unlock()
	if h != nil {
		h.ended(h, ErrLost)
	}
}

// set moves the timer to the first of the heap.
func (k *keeper) set() {
	if len(k.heap) == 0 || k.closed {
		return
	}
	first := k.heap[0].wakes
	switch {
	case k.timer == nil:
		k.timer = time.AfterFunc(time.Until(first), k.ring)
	case first.Before(k.rings) || k.rings.IsZero():
		k.timer.Reset(time.Until(first))
	default:
		return // it rings earlier, and sets itself then
	}
	k.rings = first
}

// ring looks at all Holds whose time has come.
func (k *keeper) ring() {
	var lost []*Hold
	var extend []*Hold
	var ttls []time.Duration
	k.mu.Lock()
	k.rings = time.Time{}
	now := time.Now()
	for len(k.heap) > 0 && !k.heap[0].wakes.After(now) {
		h := k.heap[0]
		if !now.Before(h.until.Add(-margin(h.ttl))) {
			k.drop(h)
			h.lose(h.ranOut())
			lost = append(lost, h)
			continue
		}
		if ttl := h.next(now); ttl > 0 {
			h.extending = true
			extend, ttls = append(extend, h), append(ttls, ttl)
		} else {
			h.full = true
		}
		h.plan()
		heap.Fix(&k.heap, 0)
	}
	k.set()
	k.mu.Unlock()
	for i, h := range extend {
		h.extend(ttls[i])
	}
	for _, h := range lost {
		h.ended(h, ErrLost)
	}
}

// next is the ttl to extend by now, or 0 when there is nothing to be won by it
// any more. The last extension reaches no further than what was allowed.
func (h *Hold) next(now time.Time) time.Duration {
	q := h.quorum
	ttl := min(h.ttl, h.last.Sub(now)).Truncate(time.Millisecond)
	end := now.Add(ttl - q.rules.drift(ttl, q.options.DriftFactor))
	if ttl < q.leastTTL || !end.After(h.until) {
		return 0
	}
	return ttl
}

// extended notes the outcome of an extension.
func (k *keeper) extended(h *Hold, g Grant, err error) {
	k.mu.Lock()
	if h.over {
		k.mu.Unlock()
		return
	}
	h.extending = false
	lost := errors.Is(err, ErrNotHeld)
	switch {
	case err == nil:
		h.relied(g.until())
	case lost:
		k.drop(h)
		h.lose(LossNotHeld)
	default:
		// The validity from before stands, and until it ends there is time for a few
		// more tries.
		h.due = time.Now().Add(max(h.ttl/16, 5*time.Millisecond))
	}
	if !h.over {
		h.plan()
		heap.Fix(&k.heap, h.index)
		k.set()
	}
	k.mu.Unlock()
	if lost {
		h.ended(h, ErrLost)
	}
}

// relied sets the validity. The next extension is due when a third of the ttl is
// used up, or, of a validity longer than that, when as much is left as then.
func (h *Hold) relied(until time.Time) {
	if until.After(h.until) {
		h.until = until
	}
	h.due = h.until.Add(-h.ttl * 2 / 3)
}

// held finds the Hold of a lock, or nil.
func (k *keeper) held(resource, token string) *Hold {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byLock[lockName{resource, token}]
}

// extendedBy notes a caller's own extension of a Hold: from now on that is its
// ttl.
func (k *keeper) extendedBy(h *Hold, ttl time.Duration, g Grant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.over {
		return
	}
	h.ttl = ttl
	h.relied(g.until())
	h.plan()
	heap.Fix(&k.heap, h.index)
	k.set()
}

// close stops extending. The locks last until their ttl.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

// holdHeap has the Hold that wakes first in front.
type holdHeap []*Hold

func (a holdHeap) Len() int           { return len(a) }
func (a holdHeap) Less(i, j int) bool { return a[i].wakes.Before(a[j].wakes) }
func (a holdHeap) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i, j
}

// Push implements heap.Interface.
func (a *holdHeap) Push(x any) {
	h, _ := x.(*Hold)
	h.index = len(*a)
	*a = append(*a, h)
}

// Pop implements heap.Interface.
func (a *holdHeap) Pop() any {
	old := *a
	h := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	return h
}

// slept takes in that the machine was suspended: all validities end so much
// sooner than they seemed to. The quorum has noted it before, so that one which is
// taken in under the lock, by Grant.until, has been shortened then or is now.
func (k *keeper) slept(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.heap {
		h.until, h.due, h.last = h.until.Add(-d), h.due.Add(-d), h.last.Add(-d)
		h.plan()
	}
	heap.Init(&k.heap)
	k.set()
}

package redlock

import (
	"slices"
	"time"
)

// maxOwed bounds what one lane remembers for a node that is away: some 5 MB.
// Beyond it the oldest is forgotten, and that key lasts on that node until its
// ttl, where it can delay a lock but never break one.
const maxOwed = 16384

// sweepEvery so many, a full list is searched for void ones. Each time would
// cost a walk through all of it for every release while a node is dead.
const sweepEvery = maxOwed / 8

// maxOwedBatch of them travel in front of each batch, so that paying back
// does not keep new requests waiting.
const maxOwedBatch = maxBatch / 2

// A failed connection and releases that are owed are tried again after a pause
// that grows, at a node that is not down.
const (
	retryFirst = 10 * time.Millisecond
	retryMost  = time.Second
)

// owed are the releases a node must still get: those that could not be sent or
// were not answered, and the undoing of acquires that were not answered. They
// go out, in order, in front of everything else on the next connection.
type owed struct {
	keep  time.Duration // the longest that a key can last
	next  time.Time     // not tried again before, unless something else is sent
	pause time.Duration // between the last two tries
	list  []debt
	added int // since the void ones were last swept out
	// overflow: some were forgotten for want of room.
	overflow bool
}

type debt struct {
	request *request
	since   time.Time
	// sent: an acquire or a release that may be executed any time later, when a
	// stopped node goes on. What was never sent concerns a key that is gone
	// after keep.
	sent bool
	// after is the lane's turn that must be served first.
	after int
}

func (o *owed) len() int { return len(o.list) }

// add remembers a release, with nobody waiting for its answer. It tells when
// another had to be forgotten for it, the first time until all are paid.
func (o *owed) add(d debt) (forgotten bool) {
	if d.request.ballot != nil {
		d.request = d.request.silent()
	}
	d.since = time.Now()
	for len(o.list) > 0 && !o.list[0].sent && d.since.Sub(o.list[0].since) > o.keep {
		o.drop()
	}
	o.added++
	if len(o.list) >= maxOwed && o.added >= sweepEvery {
		o.added = 0
		o.list = slices.DeleteFunc(o.list, func(d debt) bool { return d.request.isVoid() })
	}
	if len(o.list) >= maxOwed {
		o.drop()
		forgotten, o.overflow = !o.overflow, true
	}
	o.list = append(o.list, d)
	return forgotten
}

// failed puts the next try off, longer each time; paid makes it soon again.
func (o *owed) failed() {
	o.pause = min(max(2*o.pause, retryFirst), retryMost)
	o.next = time.Now().Add(o.pause)
}

func (o *owed) paid() { o.pause = 0 }

func (o *owed) drop() {
	o.list[0] = debt{}
	o.list = o.list[1:]
}

// take appends the oldest to requests, as far as the turns before them have
// been served; those that fail again are added again.
func (o *owed) take(requests []*request, served int) []*request {
	for n := 0; n < maxOwedBatch && len(o.list) > 0 && o.list[0].after <= served; n++ {
		if !o.list[0].request.isVoid() {
			requests = append(requests, o.list[0].request)
		}
		o.drop()
	}
	if len(o.list) == 0 {
		o.list, o.overflow = nil, false // give a long list's memory back
	}
	return requests
}

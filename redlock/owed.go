package redlock

import "time"

// maxOwed bounds what one lane remembers for a node that is away: some 5 MB.
// Beyond it the oldest is forgotten, and that key lasts on that node until its
// ttl, where it can delay a lock but never break one.
const maxOwed = 16384

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
}

type debt struct {
	request *request
	since   time.Time
	// sent: an acquire or a release that may be executed any time later, when a
	// stopped node goes on. What was never sent concerns a key that is gone
	// after keep.
	sent bool
}

func (o *owed) len() int { return len(o.list) }

// add remembers a release, with nobody waiting for its answer.
func (o *owed) add(r *request, sent bool) {
	if r.ballot != nil {
		silent := *r
		silent.ballot = nil
		r = &silent
	}
	now := time.Now()
	for len(o.list) > 0 && !o.list[0].sent && now.Sub(o.list[0].since) > o.keep {
		o.drop()
	}
	if len(o.list) >= maxOwed {
		o.drop()
	}
	o.list = append(o.list, debt{request: r, since: now, sent: sent})
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

// take appends the oldest to requests; those that fail again are added again.
func (o *owed) take(requests []*request) []*request {
	for n := min(len(o.list), maxOwedBatch); n > 0; n-- {
		requests = append(requests, o.list[0].request)
		o.drop()
	}
	if len(o.list) == 0 {
		o.list = nil // give a long list's memory back
	}
	return requests
}

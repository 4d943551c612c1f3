package redlock

import "time"

// flight is one pipeline of requests and what came of it. To a node that is far
// away the next one leaves before the last has come back: a request would wait
// for up to a round trip otherwise, and with many callers for most of one. All are
// on one connection, so that they are executed, and answered, in their order.
type flight struct {
	requests []*request
	answers  []answer

	home     *air
	wire     wire
	calls    []call
	releases gathering
	gathered []byte // the command of releases
	waits    error  // why the node had no vote when it left
	began    time.Time
	until    deadline
	err      error // what kept the node from answering
	sent     bool  // something of it may have reached the node
}

const (
	// flightGap is the least time between two flights: what gathers meanwhile goes
	// together. A write costs the proxy and the node some 10 µs each, so that more
	// than one in a quarter of a millisecond would be most of what they do.
	flightGap = 250 * time.Microsecond
	// maxFlights are under way at most. A request waits half of the gap on average,
	// which with eight is a sixteenth of the way to the node and back.
	maxFlights = 8
)

// trip is how long the node takes at its best, of late. What it takes under load
// tells nothing of how far it is.
type trip struct {
	least [2]time.Duration // now and before; 0: not known
	since time.Time
}

// tripMemory is for how long a best time counts, at least.
const tripMemory = 2 * time.Second

func (t *trip) note(took time.Duration, now time.Time) {
	if now.Sub(t.since) > tripMemory {
		t.least[0], t.least[1], t.since = 0, t.least[0], now
	}
	if t.least[0] == 0 || took < t.least[0] {
		t.least[0] = took
	}
}

func (t *trip) best() time.Duration {
	switch {
	case t.least[0] == 0:
		return t.least[1]
	case t.least[1] == 0:
		return t.least[0]
	}
	return min(t.least[0], t.least[1])
}

// flights is how many may be under way at once; gap is the time between two.
func (t *trip) flights() int { return int(min(t.best()/flightGap, maxFlights)) }

func (t *trip) gap() time.Duration { return max(flightGap, t.best()/maxFlights) }

// compose makes calls of the requests. An acquire is not sent where it can not be
// voted on.
func (f *flight) compose(s *scripts) {
	f.calls = f.calls[:0]
	f.releases.choose(f.requests, f.stays)
	if f.releases.count > 0 {
		f.gathered = f.releases.command(f.gathered[:0], s, f.requests)
		f.calls = append(f.calls, call{command: f.gathered})
	}
	for i, r := range f.requests {
		switch {
		case f.stays(r):
			f.answers[i] = answer{verdict: failed, err: f.waits}
		case !f.releases.moves(i):
			f.calls = append(f.calls, call{command: r.command})
		}
	}
}

// stays tells what is not sent.
func (f *flight) stays(r *request) bool { return r.op == acquire && f.waits != nil }

// interpret reads the calls' replies into the answers.
func (f *flight) interpret() {
	moved, next := 0, 0
	if f.releases.count > 0 {
		next = 1
	}
	for i, r := range f.requests {
		switch {
		case f.stays(r):
			continue
		case f.releases.moves(i):
			c := f.releases.answerTo(&f.calls[0], moved)
			f.answers[i] = interpret(r, &c, f.sent)
			moved++
		default:
			f.answers[i] = interpret(r, &f.calls[next], f.sent)
			next++
		}
		if f.waits != nil {
			f.answers[i].doubt(r.op, f.waits)
		}
	}
	clear(f.calls)
}

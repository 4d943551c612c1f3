package redistest

import "time"

// faults is what is wrong with a wire.
type faults struct {
	delay       time.Duration
	loseReplies bool
	hold        bool
	blackHole   bool
	refuse      bool
}

// Delay makes each request arrive at the server d after it came in, whatever
// else is under way: a long line, not a slow one. Replies are not delayed, so d
// is what a round trip gets longer by. Never less than d; on an idle Linux
// machine up to about a millisecond more, because that is the grain of Go's
// timers there. Requests already under way keep the delay they came in with.
func (w *Wire) Delay(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults.delay = d
}

// LoseReplies discards, while it is on, what comes back from the server: the
// requests are executed, and nobody is told. A reply is judged when it passes:
// one that the server gives after the switch is off again gets through.
func (w *Wire) LoseReplies(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults.loseReplies = on
}

// HoldRequests keeps, while it is on, the requests in the wire, and delivers
// them in their order when it is switched off, also those of clients that have
// hung up meanwhile: late deliveries. A connection that fills its buffer (1 MiB)
// is cut, and what it held is lost.
func (w *Wire) HoldRequests(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults.hold = on
	for l := range w.links {
		l.queue.hold(on)
	}
}

// BlackHole accepts, while it is on, connections and bytes and forwards nothing
// in either direction, not even the end of a connection; what was held or
// delayed is lost. Connections that were open while it was on stay dead when it
// is off; new ones work.
func (w *Wire) BlackHole(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults.blackHole = on
	if !on {
		return
	}
	for l := range w.links {
		l.darken()
	}
}

// Refuse cuts all connections when it is switched on, as Cut does, and resets
// new ones at once while it is on. The client's dial or its first read fails
// with a reset, whichever comes later, and not with "connection refused": for
// that the wire would have to give its port away.
func (w *Wire) Refuse(on bool) {
	w.mu.Lock()
	w.faults.refuse = on
	open := w.open()
	w.mu.Unlock()
	if on {
		cutAll(open)
	}
}

// current returns the faults of this moment.
func (w *Wire) current() faults {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.faults
}

package redlock

import (
	"slices"
	"time"
)

// air is what a link has under way, over one connection. A goroutine reads the
// answers, in the order in which their requests left; all else is done by the lane.
type air struct {
	trip   trip
	away   int          // how many have left and are not taken in
	left   chan *flight // to who reads; nil: none has left over this connection
	landed chan *flight // and from there
	free   []*flight
	lost   error // of one that has landed: the connection is given up with the last
	// stale are the keys of requests that found no script. What came behind a
	// release of these found a lock that was to be gone.
	stale map[string]bool
}

// mayFly tells whether requests may leave at once: nothing else is to be sent to
// the node, and it is far enough.
func (l *nodeLink) mayFly() bool {
	return l.wire != nil && l.air.lost == nil && l.air.stale == nil && l.air.trip.flights() > 1 &&
		!l.node.quorum.seams.near && !inFlux(l.waits) && !l.lookDue() && (l.air.away > 0 || !l.wire.ended())
}

// flights implements link.
func (l *nodeLink) flights() (away, most int, gap time.Duration) {
	if !l.mayFly() {
		return l.air.away, 1, 0
	}
	return l.air.away, l.air.trip.flights(), l.air.trip.gap()
}

// landed implements link.
func (l *nodeLink) landed() <-chan *flight { return l.air.landed }

// fly implements link.
func (l *nodeLink) fly(requests []*request) {
	if l.air.left == nil {
		l.air.left, l.air.landed = make(chan *flight, maxFlights), make(chan *flight, maxFlights)
		go readFlights(l.air.left, l.air.landed)
	}
	f := l.air.take()
	f.requests = append(f.requests[:0], requests...)
	f.answers = slices.Grow(f.answers[:0], len(requests))[:len(requests)]
	f.wire, f.waits, f.err, f.began = l.wire, l.waits, nil, time.Now()
	f.until = deadline{l.node.ctx, f.began.Add(l.node.options.ReadTimeout)}
	if f.compose(&l.node.quorum.scripts); len(f.calls) > 0 {
		f.err = l.wire.post(&f.until, f.calls)
		f.sent = l.wire.sent()
	}
	l.air.away++
	l.air.left <- f
}

// readFlights reads the answers of one flight after the other, of one connection.
func readFlights(left, landed chan *flight) {
	defer close(landed)
	broken := false
	for f := range left {
		switch {
		case f.err != nil || len(f.calls) == 0:
		case broken:
			f.err = errBroken
		default:
			f.err = f.wire.collect(&f.until, f.calls)
		}
		if f.err != nil {
			broken = true
			failCalls(f.calls, f.err)
		}
		landed <- f
	}
}

// land implements link.
func (l *nodeLink) land(f *flight) error {
	l.air.away--
	l.node.quorum.awaken()
	f.interpret()
	l.air.markStale(f)
	now := time.Now()
	switch {
	case f.err == nil:
		l.used = now
		l.air.trip.note(now.Sub(f.began), now)
	case l.air.lost == nil:
		l.air.lost = f.err
	}
	if l.air.lost != nil && l.air.away == 0 {
		l.air.lost = nil
		l.drop()
	}
	if f.err != nil {
		return cause(f.err)
	}
	return nil
}

// markStale finds the requests that found no script, and does not believe what was
// said to those behind them: an acquire met a lock that was to be gone.
func (s *air) markStale(f *flight) {
	for i, r := range f.requests {
		a := &f.answers[i]
		switch {
		case a.err == errStale:
			if s.stale == nil {
				s.stale = map[string]bool{}
			}
			s.stale[r.key] = true
		case !s.stale[r.key]:
		case r.op == acquire && a.verdict == no:
			*a = answer{verdict: failed, err: errStale}
		}
	}
}

// take gives a flight that is not under way.
func (s *air) take() *flight {
	n := len(s.free)
	if n == 0 {
		return &flight{home: s}
	}
	f := s.free[n-1]
	s.free = s.free[:n-1]
	return f
}

// reuse gives a flight back whose answers have been handed out.
func (f *flight) reuse() {
	clear(f.requests)
	clear(f.answers)
	clear(f.calls)
	f.wire = nil
	f.home.free = append(f.home.free, f)
}

// end is when the connection is given up; nothing is under way then.
func (s *air) end() {
	if s.left != nil {
		close(s.left)
		<-s.landed // it is closed: who reads has ended
		s.left, s.landed = nil, nil
	}
}

package redlock

import "time"

// fly sends a batch to a node that is far without waiting for what is under way,
// but for room. When it reports false, nothing is under way any more, and nothing
// was sent.
func (l *lane) fly(requests []*request) bool {
	for {
		away, most, gap := l.link.flights()
		switch {
		case away > 0 && (most <= 1 || away >= most || l.owes() > 0 || len(l.again) > 0):
			l.land(<-l.link.landed())
			continue
		case most <= 1 || l.owes() > 0 || len(l.again) > 0:
			return false
		}
		l.sending = l.sending[:0]
		if l.dropExpired(requests); len(l.sending) > 0 {
			l.link.fly(l.sending)
			l.leaves = time.Now().Add(gap)
			clear(l.sending)
		}
		return true
	}
}

// land takes in what came of a flight.
func (l *lane) land(f *flight) {
	err := l.link.land(f)
	l.keepStale(f)
	l.handOut(f.began, f.requests, f.answers, err)
	f.reuse()
	l.noteServed()
}

// keepStale keeps what found no script, to be repeated when nothing is under way
// any more; an acquire is not, see resend. The rest of the flight is handed out.
func (l *lane) keepStale(f *flight) {
	kept := 0
	for i, r := range f.requests {
		if f.answers[i].err == errStale && (r.op == release || r.op == extend) && f.answers[i].verdict == failed {
			l.again = append(l.again, r)
			continue
		}
		f.requests[kept], f.answers[kept] = r, f.answers[i]
		kept++
	}
	clear(f.requests[kept:])
	f.requests, f.answers = f.requests[:kept], f.answers[:kept]
}

package commands

import (
	"log/slog"
	"sync"
	"time"

	"redlock-proxy/redlock"
)

const (
	// lossLines name a lost lock each; of those beyond, the number is told when
	// lossInterval is over: a quorum that goes away can take ten thousand with it.
	lossLines    = 10
	lossInterval = 10 * time.Second
)

// losses writes down which locks with AUTOEXTEND are lost. It does so in a
// goroutine of its own, which runs only for a while after a loss: the one that
// finds them has to tell their holders in time, and may not wait for a log.
type losses struct {
	logger   *slog.Logger
	interval time.Duration

	mu      sync.Mutex
	lines   int            // named in this interval
	queue   chan loss      // those of them that are not written yet
	more    map[string]int // not named in this interval, by reason
	running bool
	closed  bool
	end     chan struct{} // closed with it
	work    sync.WaitGroup
}

type loss struct {
	resource, reason string
	session          *Session
}

func newLosses(logger *slog.Logger, interval time.Duration) *losses {
	return &losses{
		logger: logger, interval: interval,
		queue: make(chan loss, lossLines), more: map[string]int{}, end: make(chan struct{}),
	}
}

// note takes in a loss, and does not block. One that was asked for, by MAXHOLD, is
// none.
func (l *losses) note(resource, reason string, s *Session) {
	if reason == redlock.LossMaxHold {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if !l.running {
		l.running = true
		l.work.Go(l.write)
	}
	if l.lines == lossLines {
		l.more[reason]++
		return
	}
	l.lines++
	l.queue <- loss{resource, reason, s} // there is room: it is empty when lines is 0
}

// write ends with the interval.
func (l *losses) write() {
	over := time.NewTimer(l.interval)
	defer over.Stop()
	for {
		select {
		case one := <-l.queue:
			l.tell(one)
			continue
		case <-over.C:
		case <-l.end:
		}
		break
	}
	named, more := l.finish()
	for _, one := range named {
		l.tell(one)
	}
	if len(more) == 0 {
		return
	}
	attributes := []any{"within", l.interval}
	for _, reason := range sortedKeys(more) {
		attributes = append(attributes, reason, more[reason])
	}
	l.logger.Warn("more locks with AUTOEXTEND are lost than are named here; do as for those", attributes...)
}

// finish ends the interval, and gives what is still to be told of it.
func (l *losses) finish() (named []loss, more map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		named = append(named, <-l.queue)
	}
	more = l.more
	l.lines, l.more, l.running = 0, map[string]int{}, false
	return named, more
}

func (l *losses) tell(one loss) {
	v := one.session.look()
	l.logger.Warn("a lock with AUTOEXTEND is lost, and its connection closed: see that its client stopped, and find out who deleted its keys or emptied nodes (not_held), why too few nodes answered (no_quorum), or who gave FORCEUNLOCK (forced)",
		"resource", one.resource, "reason", one.reason, "client", one.session.Addr, "name", v.name, "user", v.userName())
}

// close writes what is still to be told, and waits for that.
func (l *losses) close() {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if first {
		close(l.end)
	}
	l.work.Wait()
}

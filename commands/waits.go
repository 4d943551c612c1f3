package commands

import (
	"context"
	"slices"
	"time"

	"redlock-proxy/redlock"
)

// maxWaits is how many LOCKs of one connection may wait. It keeps them, with
// the longest names there are, below what stops a connection from being read:
// the UNLOCK that ends a wait may be among what is not read yet.
const maxWaits = 100

// waits are the LOCKs of a session that wait, or may have to.
type waits struct {
	count int // with those that are being started
	calls []*Call
}

// mayWait counts a LOCK that may wait, unless there are too many.
func (s *Session) mayWait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits.count >= maxWaits {
		return false
	}
	s.waits.count++
	return true
}

// wait notes a LOCK that has been started, so that it can be ended.
func (c *Call) wait(a redlock.Attempt) {
	s := c.Session
	s.mu.Lock()
	if !c.waited {
		c.attempt = a
		s.waits.calls = append(s.waits.calls, c)
	}
	s.mu.Unlock()
	if err := c.Context.Err(); err != nil { // after the session's waits were ended
		a.End(err)
	}
}

// endWait notes that a LOCK that might have waited has its answer. The time it
// waited is not what the command cost.
func (c *Call) endWait(g redlock.Grant, err error) {
	s := c.Session
	s.mu.Lock()
	c.waited = true
	s.waits.count--
	if i := slices.Index(s.waits.calls, c); i >= 0 {
		s.waits.calls = slices.Delete(s.waits.calls, i, i+1)
	}
	if len(s.waits.calls) == 0 {
		s.waits.calls = nil
	}
	s.mu.Unlock()
	c.began = time.Now()
	if err == nil {
		c.began = g.Asked()
	}
}

// endWaits ends them all; their callers hear why, or with nil what they would
// hear at the end of their time. It tells how many there were.
func (s *Session) endWaits(why error) int {
	s.mu.Lock()
	calls := slices.Clone(s.waits.calls)
	s.mu.Unlock()
	ended := 0
	for _, c := range calls {
		if c.attempt.End(why) {
			ended++
		}
	}
	return ended
}

// Abandoned ends what a session waits for, whose connection gets no more
// grants. The context of its calls has ended.
func (t *Table) Abandoned(s *Session) { s.endWaits(context.Canceled) }

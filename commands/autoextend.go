package commands

import (
	"errors"
	"time"

	"redlock-proxy/redlock"
)

// AUTOEXTEND makes a lock the connection's: it is extended until its client
// releases it, leaves, or may hold it no longer.

// mayHold counts a lock that is going to be held, unless there are too many.
func (t *Table) mayHold() bool {
	if t.holds.Add(1) > int64(t.MaxHolds) {
		t.holds.Add(-1)
		return false
	}
	return true
}

// hold begins to extend a lock that was granted to a session.
func (t *Table) hold(s *Session, o lockOptions, g redlock.Grant) Reply {
	h := t.Quorum.Hold(g, o.request.TTL, o.maxHold, func(h *redlock.Hold, err error) {
		t.forget(s, h)
		if errors.Is(err, redlock.ErrLost) {
			now := time.Now()
			t.Front.Lose(s, lockLost(h.Resource()), now.Add(h.Until().Sub(now)/2))
			t.losses.note(h.Resource(), h.Loss(), s)
		}
	})
	s.mu.Lock()
	kept := !s.gone
	if kept {
		if s.holds == nil {
			s.holds = map[*redlock.Hold]struct{}{}
		}
		s.holds[h] = struct{}{}
	}
	s.mu.Unlock()
	if !kept {
		t.holds.Add(-1)
		h.Release()
		return ErrHungUp
	}
	if h.Over() { // before it was noted
		t.forget(s, h)
	}
	return holding{t, s, h, g}
}

// forget takes a Hold that is over from its session.
func (t *Table) forget(s *Session, h *redlock.Hold) {
	s.mu.Lock()
	_, had := s.holds[h]
	delete(s.holds, h)
	s.mu.Unlock()
	if had {
		t.holds.Add(-1)
	}
}

// HungUp releases what the session's client held, as it has gone.
func (t *Table) HungUp(s *Session) {
	for h := range t.takeHolds(s) {
		h.Release()
	}
}

// Gone is for a connection that this side ended: its client may still be at
// work under its locks. They are no longer extended, and last for their ttl.
func (t *Table) Gone(s *Session) {
	for h := range t.takeHolds(s) {
		h.Stop()
	}
}

func (t *Table) takeHolds(s *Session) map[*redlock.Hold]struct{} {
	s.mu.Lock()
	holds := s.holds
	s.holds, s.gone = nil, true
	s.mu.Unlock()
	t.holds.Add(-int64(len(holds)))
	return holds
}

// Holds tells whether the session has locks that are extended for it.
func (s *Session) Holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.holds) > 0
}

// holding is the reply to a LOCK that was won and is extended.
type holding struct {
	table   *Table
	session *Session
	hold    *redlock.Hold
	grant   redlock.Grant
}

func (holding) isReply() {}

// At gives what a grant's does; it may have been extended since it was granted, or
// lost.
func (h holding) At(now time.Time) Reply {
	if h.hold.Lost() {
		return lockLost(h.hold.Resource())
	}
	validity := h.hold.Validity(now).Milliseconds()
	if validity <= 0 {
		h.Undelivered()
		return errTooLate
	}
	return new(Granted).of(h.grant, validity)
}

// Undelivered takes the lock back.
func (h holding) Undelivered() {
	h.table.forget(h.session, h.hold)
	h.hold.Release()
}

// Size counts the resource and the token, which the value and the names of the
// Hold have too.
func (h holding) Size() int { return 2*len(h.grant.Resource) + 3*len(h.grant.Token) }

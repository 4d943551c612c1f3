package commands

import (
	"errors"
	"time"

	"redlock-proxy/redlock"
)

// LOCK resource ttl [TOKEN token] [BLOCK ms | RETRY count] [AUTOEXTEND [MAXHOLD ms]]
func lock(t *Table, c *Call) {
	o, refusal := t.lockOptions(c, "lock", true)
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	t.startLock(c, o)
}

func (t *Table) startLock(c *Call, o lockOptions) {
	s := c.Session
	if o.request.Owned && !t.mayHold() {
		c.Reply(errHolds)
		return
	}
	waits := o.request.Block > 0
	if waits && !t.mayWait(s) {
		if o.request.Owned {
			t.holds.Add(-1)
		}
		c.Reply(errSessionWaits)
		return
	}
	t.Quorum.StartLock(c.Context, o.request, func(g redlock.Grant, err error) {
		if waits {
			c.waited(g, err)
		}
		if err != nil && o.request.Owned {
			t.holds.Add(-1)
		}
		switch {
		case err == nil && o.request.Owned:
			c.Reply(t.hold(s, o, g))
		case err == nil:
			c.Reply(grant{t.Quorum, g})
		case errors.Is(err, redlock.ErrHeld):
			c.Reply(NullArray{})
		default:
			c.Reply(t.lockFailure(err))
		}
	})
}

// maxWaits is how many LOCKs of one connection may wait. It keeps them, with
// the longest names there are, below what stops a connection from being read:
// the UNLOCK that ends a wait may be among what is not read yet.
const maxWaits = 100

// mayWait counts a LOCK that may wait, unless there are too many.
func (t *Table) mayWait(s *Session) bool {
	if s.waits.Add(1) > maxWaits {
		s.waits.Add(-1)
		return false
	}
	return true
}

// waited ends that. The time it waited is not what the command cost.
func (c *Call) waited(g redlock.Grant, err error) {
	c.Session.waits.Add(-1)
	if err != nil {
		c.began = time.Now()
		return
	}
	c.began = g.Asked()
}

// lockFailure is failure for what only a LOCK can hear.
func (t *Table) lockFailure(err error) Reply {
	switch {
	case errors.Is(err, redlock.ErrWaiters):
		return errWaiters
	case errors.Is(err, redlock.ErrResourceWaiters):
		return errResourceWaiters
	case errors.Is(err, errUnblocked):
		return errUnblockedByClient
	}
	return failure(err)
}

// grant is the reply to a LOCK that was won. The validity shrinks until it is
// written, and a lock that nobody heard of is undone.
type grant struct {
	quorum *redlock.Quorum
	grant  redlock.Grant
}

func (grant) isReply() {}

// At gives [token, validity].
func (g grant) At(now time.Time) Reply {
	validity := g.grant.Validity(now).Milliseconds()
	if validity <= 0 {
		g.Undelivered()
		return errTooLate
	}
	return Array{Bulk(g.grant.Token), Integer(validity)}
}

// Undelivered takes the grant back.
func (g grant) Undelivered() { g.quorum.Undo(g.grant) }

// Size counts the resource, and the token twice as the value has it too.
func (g grant) Size() int { return len(g.grant.Resource) + 2*len(g.grant.Token) }

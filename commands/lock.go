package commands

import (
	"errors"
	"time"

	"redlock-proxy/redlock"
)

// LOCK resource ttl [TOKEN token] [BLOCK ms | RETRY count] [FENCE] [AUTOEXTEND [MAXHOLD ms]]
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
	if waits && !s.mayWait() {
		if o.request.Owned {
			t.holds.Add(-1)
		}
		c.Reply(errSessionWaits)
		return
	}
	attempt := t.Quorum.StartLock(c.Context, o.request, func(g redlock.Grant, err error) {
		if waits {
			c.endWait(g, err)
		}
		if err != nil && o.request.Owned {
			t.holds.Add(-1)
		}
		switch {
		case err == nil && o.request.Owned:
			c.Reply(t.hold(s, o, g))
		case err == nil:
			t.holders.granted(s, t.Quorum.Mark(g.Token), g)
			c.Reply(&grant{table: t, grant: g})
		case errors.Is(err, redlock.ErrHeld):
			c.Reply(NullArray{})
		default:
			c.Reply(t.lockFailure(err))
		}
	})
	if waits {
		c.wait(attempt)
	}
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
	table *Table
	grant redlock.Grant
	reply Granted
}

func (*grant) isReply() {}

// At gives what is left of the validity.
func (g *grant) At(now time.Time) Reply {
	validity := g.grant.Validity(now).Milliseconds()
	if validity <= 0 {
		g.Undelivered()
		return errTooLate
	}
	return g.reply.of(g.grant, validity)
}

// Granted is [token, validity], or with a Fence [token, validity, fence]. It is a
// kind of its own as it is the reply that is made most often.
type Granted struct {
	Token    string
	Validity int64 // in ms
	Fence    int64 // 0: none was asked for
}

func (*Granted) isReply() {}

func (g *Granted) of(won redlock.Grant, validity int64) Reply {
	*g = Granted{won.Token, validity, won.Fence}
	return g
}

// Undelivered takes the grant back.
func (g *grant) Undelivered() {
	g.table.holders.released(g.grant.Resource, g.table.Quorum.Mark(g.grant.Token))
	g.table.Quorum.Undo(g.grant)
}

// Size counts the resource, and the token twice as the value has it too.
func (g *grant) Size() int { return len(g.grant.Resource) + 2*len(g.grant.Token) }

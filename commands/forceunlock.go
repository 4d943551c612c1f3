package commands

import (
	"errors"

	"redlock-proxy/redlock"
)

// FORCEUNLOCK resource
func forceUnlock(t *Table, c *Call) {
	r := redlock.Request{Resource: c.arg(1), Session: c.Session.ID}
	t.Quorum.StartForceUnlock(r, func(err error) {
		reply := forced(err)
		if _, bad := err.(*redlock.ArgumentError); !bad { // otherwise no node was asked
			t.noteForce(c, err)
		}
		c.Reply(reply)
	})
}

func forced(err error) Reply {
	switch {
	case err == nil:
		return Integer(1)
	case errors.Is(err, redlock.ErrNotHeld):
		return Integer(0)
	case errors.Is(err, redlock.ErrOtherType):
		return errOtherType
	}
	return failure(err)
}

// noteForce writes down who took a lock from its holder.
func (t *Table) noteForce(c *Call, err error) {
	outcome := "released"
	switch {
	case errors.Is(err, redlock.ErrNotHeld):
		outcome = "nothing was there"
	case err != nil:
		outcome = err.Error()
	}
	v := c.Session.look()
	t.Logger.Warn("FORCEUNLOCK: a holder may still be at work", "resource", c.arg(1), "outcome", outcome,
		"client", c.Session.Addr, "name", v.name, "user", v.userName())
}

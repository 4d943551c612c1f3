package commands

import (
	"errors"

	"redlock-proxy/redlock"
)

// UNLOCK resource token
func unlock(t *Table, c *Call) {
	r := redlock.Request{Resource: c.arg(1), Token: c.arg(2), Session: c.Session.ID}
	t.Quorum.StartUnlock(r, func(err error) {
		if err == nil || errors.Is(err, redlock.ErrNotHeld) {
			t.holders.released(c.arg(1), t.Quorum.Mark(c.arg(2)))
		}
		switch {
		case err == nil:
			c.Reply(Integer(1))
		case errors.Is(err, redlock.ErrNotHeld):
			c.Reply(Integer(0))
		default:
			c.Reply(failure(err))
		}
	})
}

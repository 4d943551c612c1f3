package commands

import (
	"errors"
	"time"

	"redlock-proxy/redlock"
)

// EXTEND resource token ttl
func extend(t *Table, c *Call) {
	ttl, refusal := t.ttl(c.Args[3], "extend")
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	r := redlock.Request{Resource: c.arg(1), Token: c.arg(2), TTL: ttl, Session: c.Session.ID}
	t.Quorum.StartExtend(r, func(g redlock.Grant, err error) {
		switch {
		case err == nil:
			t.holders.extended(t.Quorum.Mark(c.arg(2)), g)
			c.Reply(extension{g})
		case errors.Is(err, redlock.ErrNotHeld):
			c.Reply(Integer(0))
		default:
			c.Reply(failure(err))
		}
	})
}

// extension is the reply to an EXTEND that was won.
type extension struct{ grant redlock.Grant }

func (extension) isReply() {}

// At gives the validity. Once that is over there is nothing to undo: the
// validity from before stands, if it does.
func (e extension) At(now time.Time) Reply {
	validity := e.grant.Validity(now).Milliseconds()
	if validity <= 0 {
		return errExtendedLate
	}
	return Integer(validity)
}

// Undelivered does nothing: an extension is not taken back.
func (e extension) Undelivered() {}

// Size counts the resource and the token.
func (e extension) Size() int { return len(e.grant.Resource) + len(e.grant.Token) }

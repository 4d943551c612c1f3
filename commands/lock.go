package commands

import (
	"errors"
	"time"

	"redlock-proxy/redlock"
)

// LOCK resource ttl [TOKEN token]
func lock(t *Table, c *Call) {
	r, refusal := t.lockRequest(c, "lock", []string{"BLOCK", "RETRY", "FENCE", "AUTOEXTEND", "MAXHOLD"})
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	t.startLock(c, r)
}

// lockRequest reads what LOCK and TRYLOCK have in common. Options of the
// announced later kind are refused by name, not ignored: a caller who counts on
// one must hear that it is not there.
func (t *Table) lockRequest(c *Call, command string, later []string) (redlock.Request, Reply) {
	r := redlock.Request{Resource: c.arg(1), Session: c.Session.ID}
	hasToken := false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case is(c.Args[i], "TOKEN") && i+1 < len(c.Args) && !hasToken:
			i++
			r.Token, hasToken = c.arg(i), true
		default:
			for _, option := range later {
				if is(c.Args[i], option) {
					return r, notAvailable(option)
				}
			}
			return r, errSyntax
		}
	}
	if hasToken && r.Token == "" {
		return r, badArgument(&redlock.ArgumentError{Argument: "token"})
	}
	var refusal Reply
	r.TTL, refusal = t.ttl(c.Args[2], command)
	return r, refusal
}

func (t *Table) startLock(c *Call, r redlock.Request) {
	t.Quorum.StartLock(c.Context, r, func(g redlock.Grant, err error) {
		switch {
		case err == nil:
			c.Reply(grant{t.Quorum, g})
		case errors.Is(err, redlock.ErrHeld):
			c.Reply(NullArray{})
		default:
			c.Reply(failure(err))
		}
	})
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

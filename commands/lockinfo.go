package commands

import (
	"time"

	"redlock-proxy/redlock"
)

// LOCKINFO resource
func lockInfo(t *Table, c *Call) {
	r := redlock.Request{Resource: c.arg(1), Session: c.Session.ID}
	t.Quorum.StartSurvey(r, func(s redlock.Survey, err error) {
		if err != nil {
			c.Reply(failure(err))
			return
		}
		c.Reply(t.describeSurvey(r.Resource, s))
	})
}

// describeSurvey is a map whose keys are always there; null stands for what is
// not known. No token is in it, nor anything that was made of one.
func (t *Table) describeSurvey(resource string, s redlock.Survey) Reply {
	left := Reply(Null{})
	if s.State == redlock.SurveyHeld {
		left = Integer(s.Left)
	}
	all := Map{
		Bulk("state"), Bulk(s.State),
		Bulk("votes"), Integer(s.Votes),
		Bulk("needed"), Integer(s.Needed),
		Bulk("remaining-ms"), left,
		Bulk("fence"), orNull(s.Fence),
		Bulk("waiters"), Integer(s.Waiters),
	}
	all = append(all, t.holderHere(resource, s)...)
	nodes := make(Array, 0, len(s.Nodes))
	for _, n := range s.Nodes {
		nodes = append(nodes, describeNode(n))
	}
	return append(all, Bulk("nodes"), nodes)
}

// holderHere tells who holds the lock through this proxy, as far as it knows.
func (t *Table) holderHere(resource string, s redlock.Survey) []Reply {
	how, id, name, addr, since := Reply(Null{}), Reply(Null{}), Reply(Null{}), Reply(Null{}), Reply(Null{})
	if one, held, known := t.holders.find(resource, s.Mark, time.Now()); known && s.State == redlock.SurveyHeld {
		how, since = Bulk("lock"), Integer(held.Milliseconds())
		id, name, addr = Integer(one.id), Bulk(one.name), Bulk(one.addr)
	}
	if s.Hold != nil {
		how, since = Bulk("autoextend"), Integer(time.Since(s.Hold.Since()).Milliseconds())
		if holder := t.holderOf(s.Hold); holder != nil {
			id, name, addr = Integer(holder.ID), Bulk(holder.nameNow()), Bulk(holder.Addr)
		}
	}
	return []Reply{
		Bulk("held-here"), how, Bulk("held-ms"), since,
		Bulk("client-id"), id, Bulk("client-name"), name, Bulk("client-addr"), addr,
	}
}

// holderOf finds the session that a Hold is kept for, or nil.
func (t *Table) holderOf(h *redlock.Hold) *Session {
	for _, s := range t.Front.Sessions() {
		s.mu.Lock()
		_, has := s.holds[h]
		s.mu.Unlock()
		if has {
			return s
		}
	}
	return nil
}

// describeNode: value numbers the tokens that were found, 0 is none.
func describeNode(n redlock.NodeSurvey) Reply {
	value, left, reason := Reply(Integer(n.Value)), Reply(Null{}), Reply(Null{})
	switch {
	case n.Err != nil:
		value, reason = Null{}, Bulk(oneLine(n.Err.Error()))
	case n.Value > 0:
		left = Integer(n.Left)
	}
	return Map{
		Bulk("name"), Bulk(n.Name), Bulk("value"), value, Bulk("remaining-ms"), left,
		Bulk("fence"), orNull(n.Fence), Bulk("reason"), reason,
	}
}

func orNull(n int64) Reply {
	if n == 0 {
		return Null{}
	}
	return Integer(n)
}

package commands

import (
	"fmt"
	"time"
)

// CLIENT KILL addr
// CLIENT KILL [ID id] [TYPE type] [USER name] [ADDR addr] [LADDR addr] [MAXAGE s] [SKIPME yes|no]
func clientKill(t *Table, c *Call) {
	if len(c.Args) == 3 {
		c.Reply(t.killAddress(c))
		return
	}
	filters, skipMe, refusal := t.killFilters(c.Args[2:])
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	killed := 0
	for _, s := range t.Front.Sessions() {
		if (!skipMe || s != c.Session) && passes(s, filters) {
			t.kill(c, s)
			killed++
		}
	}
	c.Reply(Integer(killed))
}

// killAddress is the older form: one client, who may be oneself.
func (t *Table) killAddress(c *Call) Reply {
	for _, s := range t.Front.Sessions() {
		if s.Addr == c.arg(2) {
			t.kill(c, s)
			return ok
		}
	}
	return errNoClient
}

// kill ends a session; one's own when the reply has been sent.
func (t *Table) kill(c *Call, s *Session) {
	if s == c.Session {
		s.Ended = true
		return
	}
	t.Front.End(s)
}

func passes(s *Session, filters []func(*Session) bool) bool {
	for _, f := range filters {
		if !f(s) {
			return false
		}
	}
	return true
}

// killFilters reads pairs of a word and its value.
func (t *Table) killFilters(args [][]byte) (filters []func(*Session) bool, skipMe bool, refusal Reply) {
	skipMe = true
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) {
			return nil, false, errSyntax
		}
		word, value := args[i], args[i+1]
		if is(word, "SKIPME") {
			if !is(value, "yes") && !is(value, "no") {
				return nil, false, errSyntax
			}
			skipMe = is(value, "yes")
			continue
		}
		f, refusal := t.killFilter(word, value)
		if refusal != nil {
			return nil, false, refusal
		}
		filters = append(filters, f)
	}
	return filters, skipMe, nil
}

func (t *Table) killFilter(word, value []byte) (func(*Session) bool, Reply) {
	number, isInteger := integer(value)
	switch {
	case is(word, "ID") && (!isInteger || number < 1):
		return nil, errKillID
	case is(word, "ID"):
		return func(s *Session) bool { return s.ID == uint64(number) }, nil
	case is(word, "TYPE"):
		return typeFilter(value)
	case is(word, "USER") && t.users.Load().Lookup(string(value)) == nil:
		return nil, Error(fmt.Sprintf("ERR No such user '%s'", text(value, 128)))
	case is(word, "USER"):
		return func(s *Session) bool { return s.look().userName() == string(value) }, nil
	case is(word, "ADDR"):
		return func(s *Session) bool { return s.Addr == string(value) }, nil
	case is(word, "LADDR"):
		return func(s *Session) bool { return s.LocalAddr == string(value) }, nil
	case is(word, "MAXAGE") && isInteger && number >= 0:
		return func(s *Session) bool { return time.Since(s.Since).Seconds() >= float64(number) }, nil
	}
	return nil, errSyntax
}

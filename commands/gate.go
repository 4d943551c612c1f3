package commands

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// Run finds the command, checks what is alike for all, and runs it. Every
// reason to refuse stands here, in the order in which Redis checks them.
func (t *Table) Run(c *Call) {
	defer t.recover(c)
	t.begin(c)
	refusal := t.lookup(c)
	c.Session.noteCommand(c.row, c.began)
	if refusal == nil {
		refusal = t.refuse(c)
	}
	if refusal != nil {
		t.reject(c, refusal)
		return
	}
	if !t.pause.hold(c) {
		t.reject(c, ErrHungUp)
		return
	}
	if c.row.Acquires && t.leaving.Load() {
		t.reject(c, errLeaving)
		return
	}
	c.row.run(t, c)
}

// lookup finds the row of a command or of a subcommand, and tells why it can
// not be run as it stands. With an unknown name there is no row.
func (t *Table) lookup(c *Call) Reply {
	row := find(t.rows, c.Args[0])
	if row == nil {
		return t.unknown(c)
	}
	if row.subs != nil && len(c.Args) > 1 {
		sub := find(row.subs, c.Args[1])
		if sub == nil {
			return unknownSubcommand(c.Args[1], strings.ToUpper(row.Name))
		}
		row = sub
	}
	c.row = row
	if !row.takes(len(c.Args)) {
		return wrongNumber(row.full)
	}
	return nil
}

// refuse tells why this connection may not run this command now.
func (t *Table) refuse(c *Call) Reply {
	s, row := c.Session, c.row
	if !t.stillWelcome(s) {
		s.Ended = true // its user is gone, or may do other things than when it came
		return errNoAuth
	}
	if !s.LoggedIn() && !row.Anonymous {
		return errNoAuth
	}
	if refusal := t.forbidden(c); refusal != nil {
		return refusal
	}
	if s.subscribed() && s.Proto == 2 && !duringSubscription(row.full) {
		return notDuringSubscription(row.full)
	}
	if s.behindMulti(c) && row.Name != "quit" && row.Name != "reset" {
		return errBehindMulti
	}
	return nil
}

// forbidden asks the ACL, for the command first and then for the resource.
func (t *Table) forbidden(c *Call) Reply {
	row, user := c.row, c.Session.user
	if row.Anonymous { // as in Redis: nobody is kept from logging in again
		return nil
	}
	if !user.MayRun(row.full) {
		t.stats.deniedCommand.add(1)
		return noCommandPermission(row.full)
	}
	if row.Key > 0 && !user.MayUse(row.full, c.Args[row.Key]) {
		t.stats.deniedKey.add(1)
		return errNoKeyPermission
	}
	return nil
}

// unknown answers a name that is not in the table.
func (t *Table) unknown(c *Call) Reply {
	family := t.foreign[lowered(c.Args[0])]
	if family == nil {
		return unknownCommand(c.Args)
	}
	if !c.Session.LoggedIn() {
		return errNoAuth // as by Redis, which knows the command
	}
	if family.name == transactions {
		return c.Session.transaction(c)
	}
	return foreignCommand(c.Args[0], family)
}

// reject answers a command that is not run.
func (t *Table) reject(c *Call, refusal Reply) {
	if webRequest(c.Args[0]) {
		c.Session.Ended = true
	}
	c.rejected = true
	c.Reply(refusal)
}

// recover keeps a mistake in one command from ending every connection.
func (t *Table) recover(c *Call) {
	if p := recover(); p != nil {
		t.Logger.Error("command failed, this is a bug", "command", c.row.safeName(), "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		c.Reply(errInternal)
	}
}

// safeName is for logs: an unknown name may be a misplaced secret.
func (r *Command) safeName() string {
	if r == nil {
		return "unknown"
	}
	return r.full
}

// find looks a name up without making a string of it.
func find(rows map[string]*Command, name []byte) *Command {
	var lower [maxName]byte
	if len(name) > len(lower) {
		return nil
	}
	return rows[string(lower[:lowerInto(lower[:], name)])]
}

func lowerInto(to, name []byte) int {
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		to[i] = b
	}
	return len(name)
}

// lowered is a name as a key; a name too long for any row is none.
func lowered(name []byte) string {
	if len(name) > maxName {
		return ""
	}
	lower := make([]byte, len(name))
	lowerInto(lower, name)
	return string(lower)
}

// webRequest tells a web browser that was lured here: the lines of an HTTP
// request would be taken for commands, so nothing after the first is read.
func webRequest(name []byte) bool {
	return strings.EqualFold(string(name), "post") || strings.EqualFold(string(name), "host:")
}

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

	row := t.find(c.Args[0])
	if row == nil {
		if webRequest(c.Args[0]) {
			c.Session.Ended = true
		}
		c.Reply(unknownCommand(c.Args))
		return
	}
	if !row.takes(len(c.Args)) {
		c.Reply(wrongNumber(row.Name))
		return
	}
	if !c.Session.Authenticated && !row.Anonymous {
		c.Reply(errNoAuth)
		return
	}
	if row.Acquires && t.leaving.Load() {
		c.Reply(errLeaving)
		return
	}
	row.run(t, c)
}

// recover keeps a mistake in one command from ending every connection.
func (t *Table) recover(c *Call) {
	if p := recover(); p != nil {
		t.Logger.Error("command failed, this is a bug", "command", t.nameOf(c.Args[0]), "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		c.Reply(errInternal)
	}
}

// find looks the name up without making a string of it.
func (t *Table) find(name []byte) *Command {
	var lower [maxName]byte
	if len(name) > len(lower) {
		return nil
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	return t.rows[string(lower[:len(name)])]
}

// nameOf is safe for a log: an unknown name may be a misplaced secret.
func (t *Table) nameOf(name []byte) string {
	if row := t.find(name); row != nil {
		return row.Name
	}
	return "unknown"
}

// webRequest tells a web browser that was lured here: the lines of an HTTP
// request would be taken for commands, so nothing after the first is read.
func webRequest(name []byte) bool {
	return strings.EqualFold(string(name), "post") || strings.EqualFold(string(name), "host:")
}

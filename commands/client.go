package commands

import (
	"fmt"
	"strings"
	"time"
)

// clientRows are the subcommands of CLIENT. MAINT_NOTIFICATIONS is missing on
// purpose: an error makes clients do without, OK would be a promise.
func clientRows() []*Command {
	slow := []string{"slow", "connection"}
	admin := []string{"admin", "slow", "dangerous", "connection"}
	return []*Command{
		{Name: "caching", Arity: 3, run: clientCaching, Categories: slow,
			Usage: "CLIENT CACHING YES|NO", Summary: "Refused: nothing is tracked"},
		{Name: "capa", Arity: -3, run: answer(ok), Categories: slow,
			Usage: "CLIENT CAPA capability [capability ...]", Summary: "Accepted, of no effect"},
		{Name: "getname", Arity: 2, run: clientGetName, Categories: slow,
			Usage: "CLIENT GETNAME", Summary: "The name of this connection"},
		{Name: "getredir", Arity: 2, run: answer(Integer(-1)), Categories: slow,
			Usage: "CLIENT GETREDIR", Summary: "-1: nothing is tracked"},
		{Name: "id", Arity: 2, run: func(_ *Table, c *Call) { c.Reply(Integer(c.Session.ID)) }, Categories: slow,
			Usage: "CLIENT ID", Summary: "The number of this connection"},
		{Name: "info", Arity: 2, run: func(_ *Table, c *Call) { c.Reply(Verbatim(c.Session.line() + "\n")) }, Categories: slow,
			Usage: "CLIENT INFO", Summary: "This connection as in CLIENT LIST"},
		{Name: "kill", Arity: -3, run: clientKill, Categories: admin,
			Usage:   "CLIENT KILL addr|[ID id] [TYPE normal|pubsub] [USER username] [ADDR ip:port] [LADDR ip:port] [MAXAGE seconds] [SKIPME yes|no]",
			Summary: "End connections. What they wait for is cancelled, the locks they hold stay"},
		{Name: "list", Arity: -2, run: clientList, Categories: admin,
			Usage: "CLIENT LIST [TYPE normal|pubsub] [ID id [id ...]]", Summary: "The connections"},
		{Name: "no-evict", Arity: 3, run: clientSwitch, Categories: admin,
			Usage: "CLIENT NO-EVICT ON|OFF", Summary: "Accepted, of no effect"},
		{Name: "no-touch", Arity: 3, run: clientSwitch, Categories: slow,
			Usage: "CLIENT NO-TOUCH ON|OFF", Summary: "Accepted, of no effect"},
		{Name: "pause", Arity: -3, run: clientPause, Categories: admin,
			Usage:   "CLIENT PAUSE timeout [WRITE|ALL]",
			Summary: "Hold back LOCK and TRYLOCK for timeout ms (WRITE), or also EXTEND and UNLOCK (ALL, the default)"},
		{Name: "reply", Arity: 3, run: clientReply, Categories: slow,
			Usage: "CLIENT REPLY ON|OFF|SKIP", Summary: "Without replies; a lock whose reply is not wanted is not taken"},
		{Name: "setinfo", Arity: 4, run: clientSetInfo, Categories: slow,
			Usage: "CLIENT SETINFO LIB-NAME|LIB-VER value", Summary: "Which library this is"},
		{Name: "setname", Arity: 3, run: clientSetName, Categories: slow,
			Usage: "CLIENT SETNAME clientname", Summary: "Name this connection"},
		{Name: "tracking", Arity: -3, run: clientTracking, Categories: slow,
			Usage: "CLIENT TRACKING ON|OFF [option ...]", Summary: "Accepted: there is nothing to track"},
		{Name: "trackinginfo", Arity: 2, Categories: slow,
			run:   answer(Map{Bulk("flags"), Set{Bulk("off")}, Bulk("redirect"), Integer(-1), Bulk("prefixes"), Array{}}),
			Usage: "CLIENT TRACKINGINFO", Summary: "Nothing is tracked"},
		{Name: "unblock", Arity: -3, run: clientUnblock, Categories: admin,
			Usage: "CLIENT UNBLOCK id [TIMEOUT|ERROR]", Summary: "End the waits of a connection's LOCKs: with null, or with an error; 1, or 0 when none waits"},
		{Name: "unpause", Arity: 2, Categories: admin,
			run:   func(t *Table, c *Call) { t.pause.end(); c.Reply(ok) },
			Usage: "CLIENT UNPAUSE", Summary: "End CLIENT PAUSE"},
	}
}

func clientCaching(_ *Table, c *Call) {
	if !is(c.Args[2], "YES") && !is(c.Args[2], "NO") {
		c.Reply(errSyntax)
		return
	}
	c.Reply(errCaching)
}

func clientGetName(_ *Table, c *Call) {
	if name := c.Session.look().name; name != "" {
		c.Reply(Bulk(name))
		return
	}
	c.Reply(Null{})
}

func clientSetName(_ *Table, c *Call) {
	if !validName(c.Args[2]) {
		c.Reply(errClientName)
		return
	}
	c.Session.setName(c.arg(2))
	c.Reply(ok)
}

func clientSetInfo(_ *Table, c *Call) {
	s, option := c.Session, strings.ToLower(c.arg(2))
	field, known := map[string]*string{"lib-name": &s.libName, "lib-ver": &s.libVersion}[option]
	switch {
	case !known:
		c.Reply(Error(fmt.Sprintf("ERR Unrecognized option '%s'", text(c.Args[2], 128))))
	case !validName(c.Args[3]):
		c.Reply(Error("ERR " + option + " cannot contain spaces, newlines or special characters."))
	default:
		s.mu.Lock()
		*field = c.arg(3)
		s.mu.Unlock()
		c.Reply(ok)
	}
}

// clientTracking says OK: there is nothing here that a client could cache, so
// there is never anything to tell it. rueidis and valkey-go insist on it.
func clientTracking(_ *Table, c *Call) { clientSwitch(nil, c) }

// clientSwitch accepts settings that concern what is not here.
func clientSwitch(_ *Table, c *Call) {
	if !is(c.Args[2], "ON") && !is(c.Args[2], "OFF") {
		c.Reply(errSyntax)
		return
	}
	c.Reply(ok)
}

func clientReply(_ *Table, c *Call) {
	s := c.Session
	switch {
	case is(c.Args[2], "ON"):
		s.silence, c.muted = speaking, false
	case is(c.Args[2], "OFF"):
		s.silence, c.muted = off, true
	case is(c.Args[2], "SKIP"):
		if s.silence == speaking {
			s.silence = skipNext
		}
		c.muted = true
	default:
		c.Reply(errSyntax)
		return
	}
	c.Reply(ok)
}

// CLIENT UNBLOCK id [TIMEOUT|ERROR]
func clientUnblock(t *Table, c *Call) {
	id, isID := integer(c.Args[2])
	switch {
	case len(c.Args) > 4:
		c.Reply(errSyntax)
	case len(c.Args) == 4 && !is(c.Args[3], "TIMEOUT") && !is(c.Args[3], "ERROR"):
		c.Reply(errUnblock)
	case !isID:
		c.Reply(errNotInteger)
	default:
		var why error // nil: as if the time were over
		if len(c.Args) == 4 && is(c.Args[3], "ERROR") {
			why = errUnblocked
		}
		for _, s := range t.Front.Sessions() {
			if int64(s.ID) == id && s.endWaits(why) > 0 {
				c.Reply(Integer(1))
				return
			}
		}
		c.Reply(Integer(0))
	}
}

// longestPause keeps an operator's mistake from outliving the operator.
const longestPause = 24 * time.Hour

// CLIENT PAUSE timeout [WRITE|ALL]
func clientPause(t *Table, c *Call) {
	ms, isInteger := integer(c.Args[2])
	switch {
	case len(c.Args) > 4:
		c.Reply(errSyntax)
	case len(c.Args) == 4 && !is(c.Args[3], "WRITE") && !is(c.Args[3], "ALL"):
		c.Reply(errPauseMode)
	case !isInteger:
		c.Reply(errTimeoutNumber)
	case ms < 0:
		c.Reply(errTimeoutNegative)
	case ms > longestPause.Milliseconds():
		c.Reply(errPauseTooLong)
	case t.leaving.Load():
		c.Reply(errLeaving)
	default:
		all := len(c.Args) == 3 || is(c.Args[3], "ALL")
		t.pause.begin(time.Duration(ms)*time.Millisecond, all)
		c.Reply(ok)
	}
}

// maxClientName bounds what a connection can make the proxy keep. Redis has no
// such limit of its own.
const maxClientName = 256

// validName: printable, no spaces, so that CLIENT INFO stays one line of words.
func validName(name []byte) bool {
	if len(name) > maxClientName {
		return false
	}
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

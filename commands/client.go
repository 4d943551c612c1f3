package commands

import (
	"fmt"
	"strings"
	"time"
)

// CLIENT subcommand [argument ...]
func client(_ *Table, c *Call) {
	sub := strings.ToLower(c.arg(1))
	row, known := clientSubcommands()[sub]
	switch {
	case !known:
		c.Reply(unknownSubcommand(c.Args[1], "CLIENT"))
	case len(c.Args) != row.arity && (row.arity > 0 || len(c.Args) < -row.arity):
		c.Reply(wrongNumber("client|" + sub))
	default:
		c.Reply(row.run(c))
	}
}

type clientSubcommand struct {
	arity int // with CLIENT and the subcommand; negative: at least
	run   func(*Call) Reply
}

// clientSubcommands are what clients send while they connect. MAINT_NOTIFICATIONS
// is missing on purpose: an error makes clients do without, OK would be a
// promise.
func clientSubcommands() map[string]clientSubcommand {
	return map[string]clientSubcommand{
		"help":     {2, clientHelp},
		"id":       {2, func(c *Call) Reply { return Integer(c.Session.ID) }},
		"info":     {2, func(c *Call) Reply { return Verbatim(clientInfo(c.Session) + "\n") }},
		"getname":  {2, clientGetName},
		"setname":  {3, clientSetName},
		"setinfo":  {4, clientSetInfo},
		"tracking": {-3, clientTracking},
		"reply":    {3, clientReply},
		"capa":     {-3, func(*Call) Reply { return ok }},
		"no-evict": {3, clientSwitch},
		"no-touch": {3, clientSwitch},
	}
}

func clientHelp(*Call) Reply {
	return Array{
		Simple("CLIENT <subcommand> [<arg> ...]. Subcommands are:"),
		Simple("ID, INFO, GETNAME, SETNAME name: about this connection."),
		Simple("SETINFO LIB-NAME|LIB-VER value: which library this is."),
		Simple("TRACKING ON|OFF, NO-EVICT ON|OFF, NO-TOUCH ON|OFF, CAPA name, REPLY ON: accepted, of no effect here."),
		Simple("HELP: this."),
	}
}

func clientGetName(c *Call) Reply {
	if c.Session.Name == "" {
		return Null{}
	}
	return Bulk(c.Session.Name)
}

func clientSetName(c *Call) Reply {
	if !validName(c.Args[2]) {
		return errClientName
	}
	c.Session.Name = c.arg(2)
	return ok
}

func clientSetInfo(c *Call) Reply {
	option := strings.ToLower(c.arg(2))
	if option != "lib-name" && option != "lib-ver" {
		return Error(fmt.Sprintf("ERR Unrecognized option '%s'", text(c.Args[2], 128)))
	}
	if !validName(c.Args[3]) {
		return Error("ERR " + option + " cannot contain spaces, newlines or special characters.")
	}
	if option == "lib-name" {
		c.Session.LibName = c.arg(3)
	} else {
		c.Session.LibVersion = c.arg(3)
	}
	return ok
}

// clientTracking says OK: there is nothing here that a client could cache, so
// there is never anything to tell it. rueidis and valkey-go insist on it.
func clientTracking(c *Call) Reply {
	if !is(c.Args[2], "ON") && !is(c.Args[2], "OFF") {
		return errSyntax
	}
	return ok
}

func clientReply(c *Call) Reply {
	switch {
	case is(c.Args[2], "ON"):
		return ok
	case is(c.Args[2], "OFF"), is(c.Args[2], "SKIP"):
		return errReplyMode
	}
	return errSyntax
}

// clientSwitch accepts settings that concern memory which is not here.
func clientSwitch(c *Call) Reply {
	if !is(c.Args[2], "ON") && !is(c.Args[2], "OFF") {
		return errSyntax
	}
	return ok
}

// maxClientName bounds what a connection can make the proxy keep. Redis has no
// such limit of its own.
const maxClientName = 1024

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

func clientInfo(s *Session) string {
	return fmt.Sprintf("id=%d addr=%s laddr=%s name=%s age=%d flags=N db=0 resp=%d user=default lib-name=%s lib-ver=%s",
		s.ID, s.Addr, s.LocalAddr, s.Name, int(time.Since(s.Since).Seconds()), s.Proto, s.LibName, s.LibVersion)
}

package proxy

import (
	"time"

	"redlock-proxy/commands"
)

// command is one on its way. Its slot is not a part of it, as a reply may stay
// there for long when the command and its arguments are no longer needed.
type command struct {
	call       commands.Call
	connection *connection
	slot       *slot
	few        [6][]byte // room for the arguments of most
}

// Send implements commands.Port.
func (c *command) Send(r commands.Reply) { c.connection.fill(c.slot, c.call.Proto, r) }

// Hold implements commands.Port.
func (c *command) Hold(d time.Duration, early <-chan struct{}) { c.connection.hold(d, early) }

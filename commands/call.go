package commands

import (
	"context"
	"time"
	"unsafe"

	"redlock-proxy/redlock"
)

// Call is one command on its way. Package proxy fills in what is exported.
type Call struct {
	// Context ends when the client has gone.
	Context context.Context
	Session *Session
	// Args[0] is the name. They are the call's own and may be kept.
	Args [][]byte
	// Proto is the protocol to encode the reply in. HELLO changes it for its
	// own reply; later calls take the session's.
	Proto int
	// Read numbers the read from the socket that brought the command, from 1:
	// what a client sent together has one number, unless it was too much.
	Read uint64
	Port Port

	table    *Table
	row      *Command // nil: there is none of that name
	began    time.Time
	rejected bool // the gate refused it, it was not run
	muted    bool // the client wants no reply, see CLIENT REPLY

	// of a LOCK that may wait; under the session's lock
	attempt redlock.Attempt
	waited  bool // it has its answer
}

// Port is where a call came from.
type Port interface {
	// Send takes the answer: once, now or later, from any goroutine. It never
	// blocks.
	Send(Reply)
	// Hold keeps the connection from being read for a time, or until early is
	// closed or the client has gone. Only while the command is being run.
	Hold(d time.Duration, early <-chan struct{})
}

// Muted tells, once the call has been run, whether the client wants no reply.
func (c *Call) Muted() bool { return c.muted }

// begin makes a call ready to be counted and answered.
func (t *Table) begin(c *Call) {
	c.table, c.began = t, time.Now()
	c.muted = c.Session.mutes()
}

// hold keeps the connection from being read. The time does not count as the
// command's own.
func (c *Call) hold(d time.Duration, early <-chan struct{}) {
	before := time.Now()
	c.Port.Hold(d, early)
	c.began = c.began.Add(time.Since(before))
}

// Reply answers the call. It is counted here, so that what a command costs
// includes the time at the nodes.
func (c *Call) Reply(r Reply) {
	c.table.count(c, r)
	if _, confirms := r.(Several); !c.muted || confirms { // of subscriptions, which Redis does not mute
		c.Port.Send(r)
		return
	}
	// Who wants no replies learns of no grant either, and holds nothing.
	if p, perishable := r.(Perishable); perishable {
		p.Undelivered()
	}
	c.Port.Send(Several{})
}

// arg gives an argument as a string. It is not copied: a call's arguments are its
// own and never change. What keeps one keeps all of them, which is little.
func (c *Call) arg(i int) string { return own(c.Args[i]) }

func own(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

package commands

import (
	"context"
	"time"
)

// Call is one command on its way.
type Call struct {
	// Context ends when the client has gone.
	Context context.Context
	Session *Session
	// Args[0] is the name. They are the call's own and may be kept.
	Args [][]byte
	// Proto is the protocol to encode the reply in. HELLO changes it for its
	// own reply; later calls take the session's.
	Proto int
	// Reply takes the answer: once, now or later, from any goroutine. It never
	// blocks.
	Reply func(Reply)
}

// arg gives an argument as a string.
func (c *Call) arg(i int) string { return string(c.Args[i]) }

// Session is what the proxy knows of one connection. Only the goroutine that
// reads the connection's commands touches it.
type Session struct {
	ID        uint64
	Addr      string // the client's
	LocalAddr string
	Since     time.Time

	Proto         int // 2 or 3
	Name          string
	LibName       string
	LibVersion    string
	Authenticated bool
	// Ended: QUIT was called; what follows on the connection is not read.
	Ended bool
}

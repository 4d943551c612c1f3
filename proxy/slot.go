package proxy

import (
	"redlock-proxy/commands"
)

// slot is the place of one reply in a connection's order.
type slot struct {
	proto int
	cost  int            // bytes it counts: of the command, then of the reply
	large int            // bytes it has of the server's room for large replies
	muted bool           // the client wants no reply to it
	reply commands.Reply // nil until it is known
	next  *slot
}

// slots is a queue of them, first in, first out.
type slots struct{ head, tail *slot }

func (q *slots) push(s *slot) {
	if q.tail == nil {
		q.head = s
	} else {
		q.tail.next = s
	}
	q.tail = s
}

func (q *slots) pop() *slot {
	s := q.head
	q.head = s.next
	if q.head == nil {
		q.tail = nil
	}
	s.next = nil
	return s
}

// ready tells whether the reply at the front can be sent.
func (q *slots) ready() bool { return q.head != nil && q.head.reply != nil }

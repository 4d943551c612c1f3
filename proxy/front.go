package proxy

import (
	"io"
	"sync/atomic"
	"time"

	"redlock-proxy/commands"
)

// What commands ask of the connections, see commands.Front.

// Clients is how many connections are open.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// MaxClients is how many may be.
func (s *Server) MaxClients() int { return s.options.MaxClients }

// Sessions lists the connections.
func (s *Server) Sessions() []*commands.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*commands.Session, 0, len(s.clients))
	for session := range s.clients {
		all = append(all, session)
	}
	return all
}

// End cuts a connection off: what it waits for is cancelled, and what it was
// not yet told of is undone.
func (s *Server) End(session *commands.Session) {
	s.mu.Lock()
	c := s.clients[session]
	s.mu.Unlock()
	if c != nil {
		c.lose()
	}
}

// Lose ends a connection whose lock was lost.
func (s *Server) Lose(session *commands.Session, answer commands.Reply, by time.Time) {
	s.mu.Lock()
	c := s.clients[session]
	s.mu.Unlock()
	if c != nil {
		c.giveUp(answer, by)
	}
}

// Traffic tells what has gone through since the start.
func (s *Server) Traffic() commands.Traffic {
	return commands.Traffic{
		Received: s.received.Load(), Rejected: s.rejected.Load(),
		InputBytes: s.input.Load(), OutputBytes: s.output.Load(),
		ProtocolErrors: s.malformed.Load(), Unread: s.unread.Load(),
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	bytes *atomic.Uint64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.bytes.Add(uint64(n))
	return n, err
}

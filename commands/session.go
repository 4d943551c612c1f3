package commands

import (
	"sync"
	"sync/atomic"
	"time"

	"redlock-proxy/internal/acl"
	"redlock-proxy/redlock"
)

// Session is what the proxy knows of one connection. The goroutine that reads
// the connection's commands owns it; others look at it through look.
type Session struct {
	ID        uint64
	Addr      string // the client's
	LocalAddr string
	Since     time.Time

	Proto int // 2 or 3
	// Ended: QUIT was called; what follows on the connection is not read.
	Ended bool

	loads   uint64 // how often users had been loaded when the user was taken
	silence silence
	multi   uint64 // the read that brought a MULTI

	lastCommand atomic.Pointer[Command]
	lastActive  atomic.Int64 // nanoseconds since Since

	mu         sync.Mutex // of what follows: the owner writes, others read
	name       string
	libName    string
	libVersion string
	user       *acl.User           // nil: not logged in
	channels   map[string]struct{} // subscribed to; with a letter of their kind in front
	counts     [kinds]int          // of them
	proto      int                 // as Proto, for others

	waits waits
	holds map[*redlock.Hold]struct{}
	gone  bool // the connection has ended: nothing more is held for it
}

// Begin makes the state of a connection that begins. It is logged in as
// default when that needs no password.
func (t *Table) Begin(s *Session, id uint64, addr, localAddr string) {
	s.ID, s.Addr, s.LocalAddr, s.Since = id, addr, localAddr, time.Now()
	s.setProto(2)
	t.logOut(s)
}

// LoggedIn tells whether the connection may do more than log in.
func (s *Session) LoggedIn() bool { return s.user != nil }

func (s *Session) setProto(proto int) {
	s.mu.Lock()
	s.Proto, s.proto = proto, proto
	s.mu.Unlock()
}

func (s *Session) setName(name string) {
	s.mu.Lock()
	s.name = name
	s.mu.Unlock()
}

func (s *Session) nameNow() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name
}

// logOut makes the session the default user's, if that needs no password, or
// nobody's.
func (t *Table) logOut(s *Session) {
	s.become(t.loads.Load(), t.users.Load().Open())
}

// become gives the session a user, who may be nil.
func (s *Session) become(loads uint64, user *acl.User) {
	s.loads = loads
	s.mu.Lock()
	s.user = user
	s.mu.Unlock()
}

// stillWelcome tells whether the session's user is as it was, after the users
// may have been loaded anew.
func (t *Table) stillWelcome(s *Session) bool {
	loads := t.loads.Load()
	if s.user == nil || s.loads == loads {
		return true
	}
	user := t.users.Load().Lookup(s.user.Name())
	if !s.user.Equal(user) {
		return false
	}
	s.become(loads, user)
	return true
}

// noteCommand is for CLIENT LIST.
func (s *Session) noteCommand(row *Command, now time.Time) {
	s.lastCommand.Store(row)
	s.lastActive.Store(int64(now.Sub(s.Since)))
}

// silence is what CLIENT REPLY has asked for.
type silence int

const (
	speaking silence = iota
	off              // until ON
	skipNext         // the next command
)

// mutes tells whether the next command is not to be answered.
func (s *Session) mutes() bool {
	if s.silence == skipNext {
		s.silence = speaking
		return true
	}
	return s.silence == off
}

package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"redlock-proxy/internal/acl"
)

// view is what others may know of a session.
type view struct {
	name, libName, libVersion string

	user          *acl.User
	proto         int
	subscriptions [kinds]int
	waits         bool // for a lock
}

func (s *Session) look() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{s.name, s.libName, s.libVersion, s.user, s.proto, s.counts, s.waits.count > 0}
}

// userName is default for those who have not logged in, as in Redis.
func (v view) userName() string {
	if v.user == nil {
		return "default"
	}
	return v.user.Name()
}

// pubsub tells whether the session is of Redis' type pubsub.
func (v view) pubsub() bool { return v.subscriptions != [kinds]int{} }

// line describes a session by the words of Redis, as far as the proxy has what
// they mean.
func (s *Session) line() string {
	v := s.look()
	flags := "N"
	if v.pubsub() {
		flags = "P"
	}
	if v.waits {
		flags = strings.TrimPrefix(flags+"b", "N")
	}
	if s.Addr == "" || !strings.Contains(s.Addr, ":") {
		flags = strings.TrimPrefix(flags+"U", "N") // a unix socket
	}
	last := "NULL"
	if row := s.lastCommand.Load(); row != nil {
		last = row.full
	}
	age := time.Since(s.Since)
	idle := age - time.Duration(s.lastActive.Load())
	return fmt.Sprintf("id=%d addr=%s laddr=%s name=%s age=%d idle=%d flags=%s db=0 sub=%d psub=%d ssub=%d multi=-1 cmd=%s user=%s redir=-1 resp=%d lib-name=%s lib-ver=%s",
		s.ID, s.Addr, s.LocalAddr, v.name, int(age.Seconds()), int(idle.Seconds()), flags,
		v.subscriptions[channels], v.subscriptions[patterns], v.subscriptions[shards],
		last, v.userName(), v.proto, v.libName, v.libVersion)
}

// CLIENT LIST [TYPE normal|pubsub] [ID id [id ...]]
func clientList(t *Table, c *Call) {
	wanted, refusal := listFilter(c.Args[2:])
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	var b strings.Builder
	for _, s := range t.byID() {
		if wanted(s) {
			b.WriteString(s.line() + "\n")
		}
	}
	c.Reply(Verbatim(b.String()))
}

// listFilter reads what CLIENT LIST is limited to.
func listFilter(args [][]byte) (func(*Session) bool, Reply) {
	switch {
	case len(args) == 0:
		return func(*Session) bool { return true }, nil
	case len(args) == 2 && is(args[0], "TYPE"):
		return typeFilter(args[1])
	case len(args) > 1 && is(args[0], "ID"):
		ids := map[int64]bool{}
		for _, a := range args[1:] {
			id, isInteger := integer(a)
			if !isInteger {
				return nil, errClientID
			}
			ids[id] = true
		}
		return func(s *Session) bool { return ids[int64(s.ID)] }, nil
	}
	return nil, errSyntax
}

// typeFilter knows all types of Redis, of which only two can be found here.
func typeFilter(arg []byte) (func(*Session) bool, Reply) {
	switch {
	case is(arg, "normal"):
		return func(s *Session) bool { return !s.look().pubsub() }, nil
	case is(arg, "pubsub"):
		return func(s *Session) bool { return s.look().pubsub() }, nil
	case is(arg, "master"), is(arg, "replica"), is(arg, "slave"):
		return func(*Session) bool { return false }, nil
	}
	return nil, Error(fmt.Sprintf("ERR Unknown client type '%s'", text(arg, 128)))
}

// byID lists the sessions in the order in which they came.
func (t *Table) byID() []*Session {
	all := t.Front.Sessions()
	slices.SortFunc(all, func(a, b *Session) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

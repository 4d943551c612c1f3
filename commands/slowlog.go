package commands

import (
	"fmt"
	"sync"
	"time"
)

const (
	// slowFrom is when a command is worth remembering: a quorum on one network
	// takes a millisecond or two.
	slowFrom = 100 * time.Millisecond
	// slowMost is how many are remembered, as in Redis.
	slowMost = 128
	// slowArgument cuts a resource, as in Redis.
	slowArgument = 128
	// slowGiven is how many SLOWLOG GET gives when it is not told.
	slowGiven = 10
)

// slowlog remembers the last slow commands: their name and resource. No other
// argument, which might be a token or a password.
type slowlog struct {
	mu      sync.Mutex
	next    int64
	entries []slowEntry // the oldest first
}

type slowEntry struct {
	id         int64
	at         time.Time
	took       time.Duration
	args       []string
	addr, name string
}

func (l *slowlog) add(c *Call, took time.Duration) {
	e := slowEntry{at: c.began, took: took, args: []string{c.row.full}, addr: c.Session.Addr, name: c.Session.look().name}
	rest := len(c.Args) - 1
	if c.row.Key > 0 {
		e.args = append(e.args, string(c.Args[c.row.Key][:min(slowArgument, len(c.Args[c.row.Key]))]))
		rest--
	}
	if rest > 0 {
		e.args = append(e.args, fmt.Sprintf("... (%d more arguments)", rest))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.id = l.next
	l.next++
	if len(l.entries) == slowMost {
		l.entries = append(l.entries[:0], l.entries[1:]...)
	}
	l.entries = append(l.entries, e)
}

func slowlogRows() []*Command {
	admin := []string{"admin", "slow", "dangerous"}
	return []*Command{
		{Name: "get", Arity: -2, run: slowlogGet, Categories: admin,
			Usage: "SLOWLOG GET [count]", Summary: "The last slow commands, newest first: id, time, microseconds, command, client"},
		{Name: "len", Arity: 2, Categories: admin,
			run:   func(t *Table, c *Call) { c.Reply(Integer(t.slow.len())) },
			Usage: "SLOWLOG LEN", Summary: "How many are remembered"},
		{Name: "reset", Arity: 2, Categories: admin,
			run:   func(t *Table, c *Call) { t.slow.reset(); c.Reply(ok) },
			Usage: "SLOWLOG RESET", Summary: "Forget them"},
	}
}

// SLOWLOG GET [count]
func slowlogGet(t *Table, c *Call) {
	n := int64(slowGiven)
	switch {
	case len(c.Args) > 3:
		c.Reply(Error("ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."))
		return
	case len(c.Args) == 3:
		var isInteger bool
		if n, isInteger = integer(c.Args[2]); !isInteger || n < -1 {
			c.Reply(Error("ERR count should be greater than or equal to -1"))
			return
		}
	}
	c.Reply(t.slow.get(n))
}

// get gives the newest n, or all for -1.
func (l *slowlog) get(n int64) Array {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := Array{}
	for i := len(l.entries) - 1; i >= 0 && (n < 0 || int64(len(all)) < n); i-- {
		e := l.entries[i]
		all = append(all, Array{
			Integer(e.id), Integer(e.at.Unix()), Integer(e.took.Microseconds()),
			bulks(e.args), Bulk(e.addr), Bulk(e.name),
		})
	}
	return all
}

func (l *slowlog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

func (l *slowlog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

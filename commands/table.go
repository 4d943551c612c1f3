package commands

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"redlock-proxy/redlock"
)

// Command is a row of the table. The row is the specification: the gate, the
// errors and README's table come from it.
type Command struct {
	Name  string // lower case, as it is looked up
	Arity int    // arguments with the name; negative: at least that many
	Key   int    // the position of the resource; 0: there is none
	Usage string // as in README
	// Summary is one sentence for README and for help.
	Summary   string
	Anonymous bool // allowed before AUTH
	Acquires  bool // refused when the proxy is leaving

	run func(*Table, *Call)
}

// takes tells whether a command may have n arguments, the name included.
func (r *Command) takes(n int) bool {
	return n == r.Arity || r.Arity < 0 && n >= -r.Arity
}

// maxName is the length of the longest name that is looked up.
const maxName = 32

func rows() []*Command {
	return []*Command{
		{Name: "lock", Arity: -3, Key: 1, run: lock, Acquires: true,
			Usage:   "LOCK resource ttl [TOKEN token]",
			Summary: "Lock the resource for ttl ms: an array of token and validity in ms, or null when another holds it"},
		{Name: "trylock", Arity: -3, Key: 1, run: trylock, Acquires: true,
			Usage:   "TRYLOCK resource ttl [TOKEN token]",
			Summary: "LOCK that never waits; LOCK does not wait either yet, so today the two are the same"},
		{Name: "extend", Arity: 4, Key: 1, run: extend,
			Usage:   "EXTEND resource token ttl",
			Summary: "Let the lock last at least ttl ms from now: the validity in ms, or 0 when this token does not hold it. The answer is of the ttl asked for, also when the lock lasts longer"},
		{Name: "unlock", Arity: 3, Key: 1, run: unlock,
			Usage:   "UNLOCK resource token",
			Summary: "Release the lock: 1, or 0 when this token does not hold it"},

		{Name: "auth", Arity: -2, run: auth, Anonymous: true,
			Usage:   "AUTH [username] password",
			Summary: "Log in"},
		{Name: "client", Arity: -2, run: client,
			Usage:   "CLIENT ID | INFO | GETNAME | SETNAME name | SETINFO LIB-NAME|LIB-VER value | ...",
			Summary: "Tell about this connection, and ask about it"},
		{Name: "echo", Arity: 2, run: echo,
			Usage:   "ECHO message",
			Summary: "The message back"},
		{Name: "hello", Arity: -1, run: hello, Anonymous: true,
			Usage:   "HELLO [2|3 [AUTH username password] [SETNAME name]]",
			Summary: "Choose the protocol and log in"},
		{Name: "info", Arity: -1, run: info,
			Usage:   "INFO [section ...]",
			Summary: "The state of the proxy and its nodes, as text"},
		{Name: "ping", Arity: -1, run: ping,
			Usage:   "PING [message]",
			Summary: "PONG, or the message back"},
		{Name: "quit", Arity: -1, run: quit, Anonymous: true,
			Usage:   "QUIT",
			Summary: "Close the connection when all replies are sent"},
		{Name: "reset", Arity: 1, run: reset, Anonymous: true,
			Usage:   "RESET",
			Summary: "Make the connection as new: RESP2, no name, logged out"},
		{Name: "select", Arity: 2, run: selectDB,
			Usage:   "SELECT 0",
			Summary: "Accepted for 0, the only database"},
	}
}

// Table runs commands. Its fields are set before the first call.
type Table struct {
	Quorum *redlock.Quorum
	Logger *slog.Logger
	// Version of the proxy, for HELLO and INFO.
	Version string
	// Password that AUTH must bring; empty: anybody may come in.
	Password string
	// Embedded: the nodes live in this process and forget with it.
	Embedded bool
	// MaxClients and Clients are for INFO.
	MaxClients int
	Clients    func() int

	since   time.Time
	leaving atomic.Bool
	rows    map[string]*Command
}

// Prepare completes a table whose fields have been set.
func (t *Table) Prepare() error {
	t.since = time.Now()
	t.rows = map[string]*Command{}
	for _, r := range rows() {
		if len(r.Name) > maxName || t.rows[r.Name] != nil {
			return fmt.Errorf("commands: row %q is too long or there twice", r.Name)
		}
		t.rows[r.Name] = r
	}
	return nil
}

// Rows lists the table for documentation, in its order.
func Rows() []*Command { return rows() }

// Leave makes every new LOCK answer LEAVING; releases and extensions go on.
func (t *Table) Leave() { t.leaving.Store(true) }

// NewSession is the state of a connection that begins. It is logged in when
// there is no password.
func (t *Table) NewSession(id uint64, addr, localAddr string) Session {
	return Session{
		ID: id, Addr: addr, LocalAddr: localAddr, Since: time.Now(),
		Proto: 2, Authenticated: t.Password == "",
	}
}

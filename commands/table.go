package commands

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"redlock-proxy/internal/acl"
	"redlock-proxy/redlock"
)

// maxName is the length of the longest name that is looked up.
const maxName = 32

// Table runs commands. Its fields are set before the first call; Prepare needs
// neither Quorum nor Front.
type Table struct {
	Quorum *redlock.Quorum
	Logger *slog.Logger
	// Version of the proxy, for HELLO and INFO.
	Version string
	// Password of the user default when there is no ACL file; empty: anybody may
	// come in.
	Password string
	// OpenUsers opens the ACL file, for Prepare and for ACL LOAD; nil: there is
	// none.
	OpenUsers OpenUsers
	// MustLogIn: users who let anybody in without a password are refused, as
	// strangers can reach the proxy.
	MustLogIn bool
	// Embedded: the nodes live in this process and forget with it.
	Embedded bool
	// Settings are what CONFIG GET tells. No secrets.
	Settings map[string]string
	// Front are the connections.
	Front Front
	// MaxBlock is the longest wait of a LOCK. Default 4s: the clients that time out
	// soonest by themselves do so after 5s, or are told how long a command waits.
	MaxBlock time.Duration
	// RetryCount is how often a LOCK that says nothing about waiting tries again.
	RetryCount int
	// MaxHold is the longest that AUTOEXTEND extends a lock. Default 1h.
	MaxHold time.Duration
	// MaxHolds is how many locks it extends at once. Default 65536.
	MaxHolds int
	// GuessDelay is how long a wrong password waits for its answer. Default 1s.
	GuessDelay time.Duration

	since   time.Time
	runID   string // forty hex digits, as tools expect it
	leaving atomic.Bool
	rows    map[string]*Command
	foreign map[string]*family
	users   atomic.Pointer[acl.Users]
	loads   atomic.Uint64 // how often they have been loaded
	loading sync.Mutex    // of users
	guesses guesses
	pause   pause
	stats   stats
	holds   atomic.Int64 // locks that are extended, or may be in a moment
	slow    slowlog
	losses  *losses
	holders *holders
}

// Front is what commands ask of the connections; package proxy has them.
type Front interface {
	// Clients is how many there are.
	Clients() int
	// MaxClients is how many there may be.
	MaxClients() int
	// Sessions lists them, in no order.
	Sessions() []*Session
	// End cuts a connection off. What it waits for is cancelled.
	End(*Session)
	// Lose ends a connection whose lock was lost, by that time: what is pending on
	// it gets the answer.
	Lose(s *Session, answer Reply, by time.Time)
	// Traffic tells what has gone through since the start.
	Traffic() Traffic
}

// Traffic of all connections since the start.
type Traffic struct {
	Received, Rejected, InputBytes, OutputBytes uint64
	ProtocolErrors                              uint64 // connections that sent what is no command
	Unread                                      uint64 // replies given up, see ErrUnread
}

// Prepare completes a table whose fields have been set.
func (t *Table) Prepare() error {
	t.since, t.runID = time.Now(), newRunID()
	t.losses, t.holders = newLosses(t.Logger, lossInterval), newHolders(t.since)
	if t.GuessDelay == 0 {
		t.GuessDelay = time.Second
	}
	if t.MaxBlock == 0 {
		t.MaxBlock = 4 * time.Second
	}
	if t.MaxHold == 0 {
		t.MaxHold = time.Hour
	}
	if t.MaxHolds == 0 {
		t.MaxHolds = 65536
	}
	t.foreign = foreignNames()
	t.rows = map[string]*Command{}
	for _, r := range rows() {
		if len(r.Name) > maxName || t.rows[r.Name] != nil || t.foreign[r.Name] != nil {
			return fmt.Errorf("commands: row %q is too long or there twice", r.Name)
		}
		r.prepare("")
		t.rows[r.Name] = r
	}
	return t.LoadUsers(nil)
}

func newRunID() string {
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// Rows lists the table for documentation, in its order.
func Rows() []*Command { return rows() }

// Leave makes every new LOCK, and those that wait, answer LEAVING; releases and
// extensions go on.
func (t *Table) Leave() {
	t.leaving.Store(true)
	t.pause.end()
	if t.Quorum != nil {
		t.Quorum.StopWaiting()
	}
}

// Close ends what a table does in the background. It is called when its Quorum and
// its Front are closed.
func (t *Table) Close() { t.losses.close() }

// sorted gives the rows by name, with those of subcommands behind their
// command if they are wanted.
func (t *Table) sorted(subcommands bool) []*Command {
	var all []*Command
	for _, name := range sortedKeys(t.rows) {
		if subcommands {
			t.rows[name].each(func(r *Command) { all = append(all, r) })
		} else {
			all = append(all, t.rows[name])
		}
	}
	return all
}

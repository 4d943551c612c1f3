package redlock

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// The outcomes other than success. Match them with errors.Is.
var (
	// ErrHeld: a majority answered and another token holds the resource, or
	// several callers split the vote and nobody could win it.
	ErrHeld = errors.New("redlock: held by another")

	// ErrNotHeld: a majority of the nodes does not have this token (any more).
	ErrNotHeld = errors.New("redlock: not held by this token")

	// ErrNoQuorum: too few nodes answered to tell. It comes as a *QuorumError.
	ErrNoQuorum = errors.New("redlock: no quorum")

	// ErrTooLate: a majority said yes when no validity was left.
	ErrTooLate = errors.New("redlock: too late, no validity was left when a majority had said yes")

	// ErrOverloaded: the queues are full and nothing was asked of the nodes.
	ErrOverloaded = errors.New("redlock: overloaded, too many requests are queued")

	// ErrWaiters and ErrResourceWaiters: as many Locks wait as Options.MaxWaiters
	// allows for all resources together, or Options.MaxWaitersPerResource for this one.
	ErrWaiters         = errors.New("redlock: too many wait already")
	ErrResourceWaiters = errors.New("redlock: too many wait for this resource already")

	// ErrClosed: Close was called, or StopWaiting while the call waited.
	ErrClosed = errors.New("redlock: closed")
)

// Why a node's request failed without having been sent.
var (
	errTimeout  = errors.New("no answer in time")
	errExpired  = errors.New("too slow, not asked in time")
	errLaneFull = errors.New("queue to the node is full")
	errStale    = errors.New("scripts were flushed, loading them again")
)

// errTimeUp ends a wait; its caller hears the last outcome instead.
var errTimeUp = errors.New("the time to wait is over")

// ArgumentError refuses a request before any node is asked.
type ArgumentError struct {
	Argument string // "resource", "token" or "ttl"
	Got      int64  // bytes; milliseconds for a ttl
	Least    int64
	Most     int64
	Reserved bool // the resource is fine in length but belongs to the proxies
}

func (e *ArgumentError) Error() string {
	if e.Reserved {
		return fmt.Sprintf("redlock: a resource may not begin with %q", reservedPrefix)
	}
	unit := "bytes"
	if e.Argument == "ttl" {
		unit = "ms"
	}
	return fmt.Sprintf("redlock: %s of %d %s is not within %d and %d", e.Argument, e.Got, unit, e.Least, e.Most)
}

// NodeError is one node's reason for not answering.
type NodeError struct {
	Node string // the node's name, without credentials
	Err  error
}

func (e *NodeError) Error() string { return e.Node + ": " + oneLine(e.Err.Error()) }
func (e *NodeError) Unwrap() error { return e.Err }

// QuorumError says that too few nodes answered. errors.Is(err, ErrNoQuorum)
// holds, and so does errors.Is and errors.As for each node's own error.
type QuorumError struct {
	Nodes    int // in the quorum
	Needed   int // for a majority
	Answered int // yes or no
	Failures *multierror.Error
}

// Error is one line: the counts, then every node's reason, cut at 480 bytes so
// that a reply which quotes it stays within 512.
func (e *QuorumError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d nodes answered, %d needed: ", e.Answered, e.Nodes, e.Needed)
	b.WriteString(e.Failures.Error())
	return clip(b.String(), 480)
}

// Is makes errors.Is(err, ErrNoQuorum) true.
func (e *QuorumError) Is(target error) bool { return target == ErrNoQuorum }

// Unwrap gives the nodes' errors.
func (e *QuorumError) Unwrap() error { return e.Failures.ErrorOrNil() }

// newQuorumError gathers what the nodes said. go-multierror's own text is
// several lines, and a new Error forgets the format: so it is set last, here.
func newQuorumError(nodes []*node, needed int, answers []answer) *QuorumError {
	e := &QuorumError{Nodes: len(nodes), Needed: needed, Failures: new(multierror.Error)}
	for i, a := range answers {
		if a.verdict == yes || a.verdict == no {
			e.Answered++
			continue
		}
		err := a.err
		if err == nil {
			err = errors.New("no answer yet")
		}
		e.Failures = multierror.Append(e.Failures, &NodeError{Node: nodes[i].name, Err: err})
	}
	e.Failures.ErrorFormat = joinNodeErrors
	return e
}

func joinNodeErrors(errs []error) string {
	parts := make([]string, len(errs))
	for i, err := range errs {
		parts[i] = clip(err.Error(), 440/len(errs))
	}
	return strings.Join(parts, "; ")
}

// oneLine keeps a reason from breaking the line it is quoted in.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "..."
}

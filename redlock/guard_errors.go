package redlock

import (
	"errors"
	"fmt"
	"time"
)

// Why nothing is asked of a node.
var (
	errNewerFormat = errors.New("a newer version of redlock-proxy has left its record here; upgrade this one")
	errNoFormat    = errors.New("has a record in " + memberKey + " that no redlock-proxy wrote; delete it, and the node is let in as one that forgot its locks")
	errForeign     = errors.New("belongs to another quorum; every proxy must name the same nodes")
	errReplaced    = errors.New("was replaced by another node; take it out of --node")
	errReplica     = errors.New("is a replica, and may lack what its master acknowledged; name independent masters")
	errCluster     = errors.New("is a cluster node; name independent masters")
)

// refusedError is why a node is down that answers, and must not be used.
type refusedError struct{ why error }

func (e *refusedError) Error() string { return e.why.Error() }
func (e *refusedError) Unwrap() error { return e.why }

// sameServerError: two names lead to one server, whose vote would count twice.
type sameServerError struct{ name string }

func (e *sameServerError) Error() string {
	return "is the same server as " + e.name + "; name each node once"
}

// otherSizeError: majorities of quorums of different sizes need not meet.
type otherSizeError struct{ theirs, ours int }

func (e *otherSizeError) Error() string {
	return fmt.Sprintf("belongs to a quorum of %d nodes, and %d are named here; every proxy must name the same nodes", e.theirs, e.ours)
}

// Why a node casts no votes, for a moment or until somebody does something.
var (
	errFirstLook  = errors.New("not looked at yet")
	errOfWhichSet = errors.New("waits until a majority of the nodes shows to be of the same quorum")
	errFounding   = errors.New("first start: the nodes are told that they make a quorum")
	errBlind      = errors.New("may have been replaced, which can not be seen without the rights to INFO and " + memberKey)
	errUnknown    = errors.New("is new here and no member of this quorum; see redlock-proxy replace")
)

// errMembersChanged: a vote of before does not count with one of after.
var errMembersChanged = errors.New("the members changed, or this machine was suspended, while it was asked; send it again")

// inFlux tells whether that will be over in a moment.
func inFlux(waits error) bool {
	return waits == errFirstLook || waits == errFounding || waits == errOfWhichSet
}

// foundingError: a first start waits for the last node.
type foundingError struct {
	missing string
	until   time.Time
}

func (e *foundingError) Error() string {
	return fmt.Sprintf("first start: waits for %s, or %v (see --first-start)", e.missing, left(e.until))
}

// quarantineError: a node that may have forgotten locks waits until all have
// lapsed.
type quarantineError struct {
	until time.Time
	cause string
}

func (e *quarantineError) Error() string {
	return fmt.Sprintf("no votes for %v, as %s (see --max-ttl, --first-start)", left(e.until), e.cause)
}

// left is how long it is until then, in whole seconds and at least one.
func left(until time.Time) time.Duration {
	return max(time.Until(until).Round(time.Second), time.Second)
}

package redlock

import (
	"sync/atomic"
	"time"
)

type operation uint8

const (
	acquire operation = iota
	extend
	release
	repair  // put a lost key back; no vote
	inspect // what there is, or a message about it; no vote
)

// request is what one operation asks of every node. It is shared by all lanes
// and never changes once it has been queued.
type request struct {
	op    operation
	key   string
	token string
	value string        // acquire, extend: what to write; an undo: what it takes back
	ttl   time.Duration // acquire and extend
	fence int64         // acquire with a fence: the proposal
	count bool          // the rule is broken that a fence is proposed: the node counts
	made  time.Time
	// expires is the last moment at which it is worth sending; a release has
	// none, as it must reach the node in the end.
	expires time.Time

	kind, part string // a release: what it deletes, see releaseScript
	tell       notice // and who is told

	command []byte          // as it goes to the node
	room    [usualRoom]byte // for it, as a rule
	ballot  *ballot         // who counts the answers; nil when nobody waits for them
	// void, when set and true, says that the release is not worth sending any
	// more: an unlock found that a majority does not have the lock, or its caller
	// was told to try again.
	void *atomic.Bool
}

// usualRoom is enough for a release of a token of ours on a resource with a name
// of some 50 bytes. Longer commands take memory of their own.
const usualRoom = 256

func (r *request) isVoid() bool { return r.void != nil && r.void.Load() }

// What a release deletes, see releaseScript.
const (
	byToken = "token"
	byValue = "value"
	byNonce = "nonce"
	byOwner = "owner"
)

// undo is the request that takes back what r wrote, and nothing else.
func (r *request) undo(s *scripts, broken rules, tell notice) *request {
	u := &request{op: release, key: r.key, token: r.token, value: r.value, made: time.Now()}
	switch {
	case broken.undoByToken:
		u.command = u.releaseCommand(s, byToken, "", tell)
	case r.op == extend:
		u.command = u.releaseCommand(s, byNonce, nonceOf(r.value), tell)
	default:
		u.command = u.releaseCommand(s, byValue, "", tell)
	}
	return u
}

// setCommand is for a token that nobody else can have.
func (r *request) setCommand() []byte {
	b := appendWords(appendArray(r.room[:0], 7), "set", r.key, r.value, "px")
	return appendWords(appendNumber(b, r.ttl.Milliseconds()), "nx", "get")
}

// acquireCommand is for a caller's token, or a lock that gets an owner.
func (r *request) acquireCommand(s *scripts) []byte {
	b := appendWords(appendArray(r.room[:0], 7), "evalsha", s.acquire.sha, "1", r.key, r.token, r.value)
	return appendNumber(b, r.ttl.Milliseconds())
}

func (r *request) extendCommand(s *scripts) []byte {
	b := appendWords(appendArray(r.room[:0], 7), "evalsha", s.extend.sha, "1", r.key, r.token, r.value)
	return appendNumber(b, r.ttl.Milliseconds())
}

func (r *request) releaseCommand(s *scripts, kind, part string, n notice) []byte {
	r.kind, r.part, r.tell = kind, part, n
	what := r.token
	if kind == byValue {
		what = r.value
	}
	return appendWords(appendArray(r.room[:0], 9), "evalsha", s.release.sha, "1", r.key, kind, what, part, n.channel, n.sender)
}

// silent is the same release with nobody waiting for its answer. It keeps
// nothing of r alive: it may be owed for long.
func (r *request) silent() *request {
	s := *r
	s.ballot = nil
	s.command = append(s.room[:0], r.command...)
	return &s
}

func (r *request) inspectCommand() []byte {
	return appendWords(appendArray(r.room[:0], 2), "pttl", r.key)
}

func (r *request) publishCommand(n notice) []byte {
	return appendWords(appendArray(r.room[:0], 3), "publish", n.channel, n.sender)
}

// notice is what a release tells those who listen. The zero one tells nothing.
type notice struct{ channel, sender string }

// verdict is what a node's answer means for the count.
type verdict uint8

const (
	pending   verdict = iota
	yes               // acquired, extended or released here
	no                // held by another, or not held by this token
	outFenced         // acquire: to be had, but not with this fence
	forgot            // extend, release: no, by a node that may have forgotten the lock; no answer
	failed            // certainly not executed, and will not be
	unknown           // sent and not answered: it may have been executed, or may be yet
)

// answer is one node's reply to one request.
type answer struct {
	verdict verdict
	holder  string // acquire, no: the value that holds the key
	number  int64  // release: how many heard of it; inspect: what PTTL says; extend: 2 in state 'k'
	err     error  // failed and unknown: why; inspect, yes: what is not there may have been forgotten
	array   *array // inspect: a reply that is a list
}

// array is what a node has answered as one. Few answers have one.
type array struct{ items []any }

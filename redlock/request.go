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
)

// request is what one operation asks of every node. It is shared by all lanes
// and never changes once it has been queued.
type request struct {
	op    operation
	key   string
	token string
	value string        // acquire, extend: what to write; release: the whole value to undo, or ""
	ttl   time.Duration // acquire and extend
	// expires is the last moment at which it is worth sending; a release has
	// none, as it must reach the node in the end.
	expires time.Time
	args    []any   // the command for go-redis
	ballot  *ballot // who counts the answers; nil when nobody waits for them
	// void, when set and true, says that the release is not worth sending any
	// more: an unlock found that a majority does not have the lock, or its caller
	// was told to try again.
	void *atomic.Bool
}

func (r *request) isVoid() bool { return r.void != nil && r.void.Load() }

// undo is the request that takes back what r wrote, and nothing else.
func (r *request) undo(s *scripts, broken rules) *request {
	u := &request{op: release, key: r.key, token: r.token, value: r.value}
	if broken.undoByToken {
		u.value = ""
	}
	u.args = u.releaseArgs(s)
	return u
}

func (r *request) acquireArgs(s *scripts, ownToken bool) []any {
	ms := r.ttl.Milliseconds()
	if ownToken {
		return []any{"set", r.key, r.value, "px", ms, "nx", "get"}
	}
	return []any{"evalsha", s.acquire.sha, 1, r.key, r.token, r.value, ms}
}

func (r *request) extendArgs(s *scripts) []any {
	return []any{"evalsha", s.extend.sha, 1, r.key, r.token, r.value, r.ttl.Milliseconds()}
}

func (r *request) releaseArgs(s *scripts) []any {
	if r.value != "" {
		return []any{"evalsha", s.release.sha, 1, r.key, r.value, "1"}
	}
	return []any{"evalsha", s.release.sha, 1, r.key, r.token, "0"}
}

// verdict is what a node's answer means for the count.
type verdict uint8

const (
	pending verdict = iota
	yes             // acquired, extended or released here
	no              // held by another, or not held by this token
	failed          // certainly not executed, and will not be
	unknown         // sent and not answered: it may have been executed, or may be yet
)

// answer is one node's reply to one request.
type answer struct {
	verdict verdict
	holder  string // acquire refused: the value that holds the key
	err     error  // failed and unknown: why
}

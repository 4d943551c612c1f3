package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kind is what was asked for.
type Kind string

// The kinds of operations. Forget is no command: a node has lost its keys unseen
// (FLUSHALL), at some moment between Call and Return; Return is when the proxies
// have noticed.
const (
	Lock   Kind = "lock"
	Extend Kind = "extend"
	Unlock Kind = "unlock"
	Forget Kind = "forget"
)

// Outcome is what became of it, as far as its client knows.
type Outcome string

// Yes is a grant, an extension or a release; No is null or 0. Everything else,
// an error as much as silence, is Unknown: it may have had its effect, or have
// it later.
const (
	Yes     Outcome = "yes"
	No      Outcome = "no"
	Unknown Outcome = "unknown"
)

// Op is one command of one client. Times are counted from the start of the run,
// by the one clock of the process that sent it.
type Op struct {
	Client   int
	Kind     Kind
	Resource string
	Token    string `json:",omitempty"` // empty when it is not known
	TTL      time.Duration
	Call     time.Duration // before the first byte was sent
	Return   time.Duration // after the last byte was read
	Outcome  Outcome
	Validity time.Duration `json:",omitempty"` // as told, of a Yes to Lock and Extend
	Fenced   bool          `json:",omitempty"` // a fence was asked for
	Fence    int64         `json:",omitempty"` // as told
	// Lapses: after a Yes nothing but this one command has set a ttl, so that the
	// lock is known to be over a ttl after Return. That is so for a LOCK that
	// named no TOKEN and asked for no AUTOEXTEND.
	Lapses bool   `json:",omitempty"`
	Note   string `json:",omitempty"` // for people
}

func (o Op) String() string {
	s := fmt.Sprintf("client %d %s %s", o.Client, o.Kind, o.Resource)
	if o.Token != "" {
		s += " token " + o.Token
	}
	s += fmt.Sprintf(" [%v, %v] %s", o.Call, o.Return, o.Outcome)
	if o.Validity > 0 {
		s += fmt.Sprintf(" until %v", o.until())
	}
	if o.Fence != 0 {
		s += fmt.Sprintf(" fence %d", o.Fence)
	}
	if o.Note != "" {
		s += " (" + o.Note + ")"
	}
	return s
}

// until is the end of what a Yes lets its client believe.
func (o Op) until() time.Duration { return o.Call + o.Validity }

// grants tells whether the operation lets its client believe that it holds.
func (o Op) grants() bool { return o.Outcome == Yes && (o.Kind == Lock || o.Kind == Extend) }

// Recorder collects the operations of all clients of a run.
type Recorder struct {
	start time.Time

	mu  sync.Mutex
	ops []Op
}

// NewRecorder starts the clock.
func NewRecorder() *Recorder { return &Recorder{start: time.Now()} }

// Now is the time since the start, by the monotonic clock.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// Add notes an operation that is over.
func (r *Recorder) Add(o Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, o)
}

// Ops are the operations so far, in the order of their calls.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	ops := slices.Clone(r.ops)
	slices.SortStableFunc(ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	return ops
}

// Marshal writes operations as text, one to a line.
func Marshal(ops []Op) ([]byte, error) {
	var text []byte
	for _, o := range ops {
		line, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("write an operation: %w", err)
		}
		text = append(append(text, line...), '\n')
	}
	return text, nil
}

// byResource sorts operations into one history for each resource. What was
// forgotten was so for all of them.
func byResource(ops []Op) map[string][]Op {
	parts := make(map[string][]Op)
	for _, o := range ops {
		if o.Kind != Forget {
			parts[o.Resource] = append(parts[o.Resource], o)
		}
	}
	for _, o := range ops {
		if o.Kind == Forget {
			for resource := range parts {
				parts[resource] = append(parts[resource], o)
			}
		}
	}
	return parts
}

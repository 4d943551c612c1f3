package redlock

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ears hear of releases through other processes, for resources that somebody
// here waits for. A release publishes on the resource's channel, at every node;
// who waits is subscribed to it at every node, and nobody else is.
// A message may be lost, so it is only ever a reason to look.
type ears struct {
	quorum *Quorum
	sender string // names this process in what it publishes
	sent   atomic.Uint64

	mu       sync.Mutex
	channels map[string]*channel
	sweep    *time.Timer // nil: nothing is idle
	nodes    []*ear
}

// channel is what is heard of a resource; of two whose hashes are alike, both.
type channel struct {
	resources []string
	idle      time.Time // since when there is none
	on        uint32    // the nodes that have confirmed the subscription
	lost      uint32    // and those that had, before their connection broke
}

// linger is how long a channel is kept when nobody waits any more: somebody
// often waits again soon, and subscribing costs every node a command.
const linger = time.Second

func newEars(ctx context.Context, q *Quorum) *ears {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	e := &ears{quorum: q, sender: hex.EncodeToString(id[:]), channels: map[string]*channel{}}
	if q.seams.deaf {
		return e
	}
	for _, n := range q.nodes {
		e.nodes = append(e.nodes, newEar(ctx, e, n))
	}
	return e
}

// channelOf names the channel of a key. Hashed, so that it is short and tells
// nobody what is locked.
func channelOf(key string) string {
	var name [maxNotice]byte
	return string(appendChannel(name[:0], key))
}

func appendChannel(b []byte, key string) []byte {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * prime
	}
	return strconv.AppendUint(append(b, reservedPrefix...), h, 36)
}

// maxNotice is enough for a channel and a sender.
const maxNotice = 96

// newNotice is for a release that others shall hear of. Its number tells one
// message of this process from all others.
func (t *queue) newNotice(resource string) notice {
	e := t.quorum.ears
	var text [maxNotice]byte
	channel := appendChannel(text[:0], t.quorum.key(resource))
	both := string(strconv.AppendUint(append(channel, e.sender...), e.sent.Add(1), 36))
	return notice{channel: both[:len(channel)], sender: both[len(channel):]}
}

// listen subscribes to what a line waits for. The caller holds the shard's lock.
func (e *ears) listen(l *line) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := channelOf(e.quorum.key(l.resource))
	c := e.channels[name]
	if c == nil {
		c = &channel{}
		e.channels[name] = c
		e.change(name, true)
	}
	c.resources = append(c.resources, l.resource)
}

// leave ends that, after a while. The caller holds the shard's lock.
func (e *ears) leave(l *line) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.channels[channelOf(e.quorum.key(l.resource))]
	i := slices.Index(c.resources, l.resource)
	c.resources = slices.Delete(c.resources, i, i+1)
	if len(c.resources) > 0 {
		return
	}
	c.idle = time.Now()
	if e.sweep == nil {
		e.sweep = time.AfterFunc(linger, e.sweepIdle)
	}
}

// sweepIdle unsubscribes from what nobody has waited for lately.
func (e *ears) sweepIdle() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sweep = nil
	for name, c := range e.channels {
		switch {
		case len(c.resources) > 0:
		case time.Since(c.idle) >= linger:
			delete(e.channels, name)
			e.change(name, false)
		case e.sweep == nil:
			e.sweep = time.AfterFunc(linger, e.sweepIdle)
		}
	}
}

// change tells every node's ear what to do; the caller holds the lock.
func (e *ears) change(name string, want bool) {
	for _, n := range e.nodes {
		if n.attending {
			n.pending[name] = want
		}
		n.nudge()
	}
}

// all lists the channels for a new connection, which needs no more telling.
func (e *ears) all(n *ear) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	n.attending = true
	names := make([]string, 0, len(e.channels))
	for name := range e.channels {
		names = append(names, name)
	}
	return names
}

// changes takes what has gathered for a node's ear.
func (e *ears) changes(n *ear) (subscribe, unsubscribe []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, want := range n.pending {
		if want {
			subscribe = append(subscribe, name)
		} else {
			unsubscribe = append(unsubscribe, name)
		}
	}
	n.pending = map[string]bool{}
	return subscribe, unsubscribe
}

func (e *ears) silent() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.channels) == 0
}

// own is how many of the listeners of a resource are this process.
func (e *ears) own(resource string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.channels[channelOf(e.quorum.key(resource))]; c != nil && c.on != 0 {
		return 1
	}
	return 0
}

// confirmed notes that a node will tell from now on. What was released before
// it did has not been heard of, so who waits is woken: once when a majority
// tells, as any release reaches one of them, and again whenever a connection
// that broke is replaced.
func (e *ears) confirmed(node int, name string) {
	e.mu.Lock()
	var wake []string
	if c := e.channels[name]; c != nil && c.on>>node&1 == 0 {
		c.on |= 1 << node
		if ones(c.on) == e.quorum.needed || c.lost>>node&1 == 1 {
			wake = slices.Clone(c.resources)
		}
		c.lost &^= 1 << node
	}
	e.mu.Unlock()
	for _, resource := range wake {
		e.quorum.queue.wakeUp(resource)
	}
}

// ended notes that a node tells no more of a channel. If that is wanted again
// already, its next confirmation is the one that counts.
func (e *ears) ended(node int, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.channels[name]; c != nil {
		c.on &^= 1 << node
		c.lost |= 1 << node
	}
}

// deaf notes that a node's connection broke.
func (e *ears) deaf(node int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes[node].attending = false
	clear(e.nodes[node].pending)
	for _, c := range e.channels {
		if c.on>>node&1 == 1 {
			c.on &^= 1 << node
			c.lost |= 1 << node
		}
	}
}

// heard takes a message.
func (e *ears) heard(node int, name, message string) {
	if strings.HasPrefix(message, e.sender) {
		return
	}
	e.mu.Lock()
	var resources []string
	if c := e.channels[name]; c != nil {
		resources = slices.Clone(c.resources)
	}
	e.mu.Unlock()
	for _, resource := range resources {
		e.quorum.queue.told(resource, node, message)
	}
}

func (e *ears) close() {
	e.mu.Lock()
	if e.sweep != nil {
		e.sweep.Stop()
	}
	e.mu.Unlock()
	for _, n := range e.nodes {
		n.close()
	}
}

package redlock

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// limited is two quorums on nodes where they may do only so much.
type limited struct {
	servers []*redistest.Server
	wires   []*redistest.Wire
	q       *Quorum // the log is its
	other   *Quorum
	log     *lockedBuffer
}

// limitedTTL is longer than a machine under load makes any step wait, so that no
// lock comes free by itself.
const limitedTTL = 8 * time.Second

func limit(t *testing.T, rights []string, prefix string, first FirstStart) *limited {
	t.Helper()
	l := &limited{log: new(lockedBuffer)}
	l.servers = redistest.Start(t, 3, append([]string{"--user", "redlock"}, rights...)...)
	var nodes []Node
	for i, s := range l.servers {
		w := redistest.StartWire(t, s.Addr())
		l.wires = append(l.wires, w)
		o := &redis.Options{Addr: w.Addr(), Username: "redlock", Password: "a-long-random-password"}
		nodes = append(nodes, Node{Name: fmt.Sprintf("n%d", i+1), Options: o})
	}
	start := func(log *slog.Logger) *Quorum {
		q, err := New(t.Context(), Options{
			Nodes: nodes, KeyPrefix: prefix, MaxTTL: limitedTTL, NodeTimeout: time.Second, FirstStart: first,
			RetryDelay: time.Minute, RetryJitter: -1, Logger: log,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = q.Close(t.Context()) }) // what it may not release it need not wait for
		return q
	}
	l.q, l.other = start(slog.New(slog.NewTextHandler(l.log, nil))), start(nil)
	for _, q := range []*Quorum{l.q, l.other} {
		eventually(t, "the nodes are known", func() bool { return q.guard.ready() || l.unread(q) })
	}
	return l
}

// unread: a node that does not let its record be read says so to each request.
func (l *limited) unread(q *Quorum) bool {
	return time.Since(q.epoch) > readMost
}

// readMost is longer than a first start takes, on a loaded machine too.
const readMost = 6 * time.Second

// symptoms tells what can not be done.
func (l *limited) symptoms(t *testing.T) (all []string) {
	t.Helper()
	add := func(what string, missing bool) bool {
		if missing {
			all = append(all, what)
		}
		return !missing
	}
	plain, err := l.q.Lock(t.Context(), lockFor("plain", limitedTTL))
	locks := add("no LOCK", err != nil)
	_, err = l.q.Lock(t.Context(), Request{Resource: "token", Token: "x", TTL: short})
	add("no TOKEN", err != nil)
	_, err = l.q.Lock(t.Context(), Request{Resource: "fence", Fence: true, TTL: short})
	add("no FENCE", err != nil)
	if !locks {
		return all
	}
	mine := Request{Resource: "plain", Token: plain.Token, TTL: limitedTTL}
	_, err = l.q.Extend(t.Context(), mine)
	extends := add("no EXTEND", err != nil)
	releases := add("no UNLOCK", l.q.Unlock(t.Context(), mine) != nil)
	if extends && releases {
		add("no repair", !l.repairs(t))
		add("polls", !l.hears(t))
	}
	l.q.guard.mu.Lock()
	add("no guard", l.q.guard.guarded() == 0)
	l.q.guard.mu.Unlock()
	if releases {
		add("no kill", !l.kills(t))
	}
	return all
}

// repairs tells whether a lock that is held comes back on a node that lost it.
func (l *limited) repairs(t *testing.T) bool {
	t.Helper()
	g := mustLock(t, l.q, Request{Resource: "held", TTL: 300 * time.Millisecond, Owned: true})
	h := l.q.Hold(g, 300*time.Millisecond, time.Minute, func(*Hold, error) {})
	defer h.Release()
	settled(t, l.q) // or the slowest node gets it after it was deleted
	c, key := l.servers[2].Client(), l.q.key("held")
	if err := c.Del(t.Context(), key).Err(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end) && !h.Over(); time.Sleep(5 * time.Millisecond) {
		if c.Exists(t.Context(), key).Val() == 1 {
			return true
		}
	}
	return false
}

// hears tells whether a release through one quorum ends a wait at the other
// that would not look again by itself.
func (l *limited) hears(t *testing.T) bool {
	t.Helper()
	g := mustLock(t, l.other, lockFor("heard", limitedTTL))
	w := startWaiting(t, l.q, Request{Resource: "heard", TTL: short, Block: limitedTTL * 3 / 8})
	l.listens(t, "heard")
	mustUnlock(t, l.other, g)
	g, err := w.wait(t)
	if err != nil {
		return false
	}
	mustUnlock(t, l.q, g)
	return true
}

// listens waits until all nodes have confirmed the subscription, which is itself
// a reason to ask, and what was asked is answered; or for so long that they will
// not.
func (l *limited) listens(t *testing.T, resource string) {
	t.Helper()
	end := time.Now().Add(limitedTTL / 4)
	eventually(t, "the nodes tell of releases", func() bool {
		e := l.q.ears
		e.mu.Lock()
		c := e.channels[channelOf(l.q.key(resource))]
		on := c != nil && ones(c.on) == len(l.servers)
		e.mu.Unlock()
		idle := false
		l.q.queue.visit(resource, func(line *line, _ *fanOut) { idle = line.asking == nil })
		return idle && (on || time.Now().After(end))
	})
}

// kills tells whether a connection on which a reply was lost is killed. Tried
// until it is or the log says why not: a LOCK that comes while the guard waits for
// a reply of its own is not sent, and leaves nothing to be killed for.
func (l *limited) kills(t *testing.T) bool {
	t.Helper()
	may := true
	eventually(t, "a connection is replaced", func() bool {
		may = !strings.Contains(l.log.String(), "may not use CLIENT ID, CLIENT KILL or INFO")
		if !may || calls(t, l.servers[:1], "client|kill") > 0 {
			return true
		}
		l.wires[0].LoseReplies(true)
		if g, err := l.q.Lock(t.Context(), lockFor("lost", short)); err == nil {
			mustUnlock(t, l.q, g)
		}
		settled(t, l.q)
		l.wires[0].LoseReplies(false)
		eventually(t, "the node answers again", func() bool { return l.q.owes() == 0 && l.q.Nodes()[0].Down == nil })
		return false
	})
	return may
}

// waitInSilence listens for longer than a connection goes without a ping.
func (l *limited) waitInSilence(t *testing.T) {
	t.Helper()
	g := mustLock(t, l.other, Request{Resource: "silence", TTL: short, Owned: true})
	h := l.other.Hold(g, short, time.Minute, func(*Hold, error) {})
	t.Cleanup(h.Stop)
	startWaiting(t, l.q, Request{Resource: "silence", TTL: short, Block: time.Minute})
}

// wantNothingDenied asks the nodes themselves.
func (l *limited) wantNothingDenied(t *testing.T) {
	t.Helper()
	for _, s := range l.servers {
		denied, err := s.Client().Do(t.Context(), "acl", "log").Slice()
		if err != nil || len(denied) > 0 {
			t.Errorf("%v, %v", denied, err)
		}
	}
}

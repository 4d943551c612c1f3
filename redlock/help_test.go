package redlock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// quiet keeps go-redis' own remarks about nodes that a test has killed out of
// the tests' output.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	code := m.Run()
	_ = os.RemoveAll(plain.folder)
	os.Exit(code)
}

// at makes nodes of addresses, named n1, n2, …
func at(addresses ...string) []Node {
	var nodes []Node
	for i, a := range addresses {
		nodes = append(nodes, Node{Name: fmt.Sprintf("n%d", i+1), Options: &redis.Options{Addr: a}})
	}
	return nodes
}

func addresses(servers []*redistest.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Addr())
	}
	return all
}

// patient is a NodeTimeout that a test would notice if anything waited for it.
const patient = 10 * time.Second

// open makes a quorum that the test closes at its end.
func open(t testing.TB, o Options) *Quorum {
	t.Helper()
	return openBroken(t, o, soundRules())
}

func openBroken(t testing.TB, o Options, r rules) *Quorum {
	t.Helper()
	if o.NodeTimeout == 0 {
		o.NodeTimeout = time.Second // a loaded machine is slow, not broken
	}
	if o.FirstStart == "" {
		o.FirstStart = FirstStartForce // or every test waits for others to object
	}
	q, err := newQuorum(t.Context(), o, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := q.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return q
}

// five gives five real nodes and a quorum on them.
func five(t testing.TB) ([]*redistest.Server, *Quorum) {
	t.Helper()
	servers := redistest.Start(t, 5)
	return servers, open(t, Options{Nodes: at(addresses(servers)...)})
}

func lockFor(resource string, ttl time.Duration) Request {
	return Request{Resource: resource, TTL: ttl}
}

func mustLock(t *testing.T, q *Quorum, r Request) Grant {
	t.Helper()
	g, err := q.Lock(t.Context(), r)
	if err != nil {
		t.Fatalf("Lock(%q): %v", r.Resource, err)
	}
	return g
}

func mustUnlock(t *testing.T, q *Quorum, g Grant) {
	t.Helper()
	if err := q.Unlock(t.Context(), Request{Resource: g.Resource, Token: g.Token}); err != nil {
		t.Fatalf("Unlock(%q): %v", g.Resource, err)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// eventually polls until ok, or fails the test.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never came true: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // the pace of polling
	}
}

// holders lists what each node has for a key: its value, or "".
func holders(t *testing.T, servers []*redistest.Server, key string) []string {
	t.Helper()
	var all []string
	for _, s := range servers {
		v, err := s.Client().Get(t.Context(), key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatalf("GET %q at %s: %v", key, s.Addr(), err)
		}
		all = append(all, v)
	}
	return all
}

// wantNoKeys waits until no node has a key. Locks in these tests outlive the
// wait: what goes away was released.
func wantNoKeys(t *testing.T, servers []*redistest.Server) {
	t.Helper()
	var left []string
	eventually(t, "no key is left on any node", func() bool {
		left = nil
		for _, s := range servers {
			keys, err := s.Keys(t.Context())
			if err != nil {
				left = append(left, err.Error())
			}
			left = append(left, keys...)
		}
		return len(left) == 0
	})
}

// settled waits until every node has answered all that was asked of it, so
// that what the nodes have can be looked at.
func settled(t *testing.T, q *Quorum) {
	t.Helper()
	eventually(t, "nothing is under way", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.open == 0
	})
}

// paid waits until the nodes have executed every release that q has sent or
// owes. That nothing is owed does not say so: it may be on its way.
func paid(t *testing.T, q *Quorum) {
	t.Helper()
	eventually(t, "every release is paid", func() bool {
		return q.owes() == 0 && q.passes() && q.owes() == 0
	})
}

// passes sends a question through every lane, behind all that is in it, and
// tells whether all were answered.
func (q *Quorum) passes() bool {
	all := true
	for lane := range q.options.Lanes {
		p := &passage{done: make(chan bool, 1)}
		r := &request{op: inspect, key: q.key("passage"), made: time.Now()}
		r.command, r.ballot = r.inspectCommand(), newBallot(p, len(q.nodes), len(q.nodes))
		for i, n := range q.nodes {
			if known, queued := n.lanes[lane].push(r); !queued {
				r.ballot.vote(i, known)
			}
		}
		all = <-p.done && all
	}
	return all
}

// passage is a voter that wants all to have answered.
type passage struct {
	all  bool
	done chan bool
}

func (p *passage) decide(b *ballot) bool {
	p.all = b.tally.failed == 0
	return b.tally.pending() == 0
}
func (p *passage) settle()   {}
func (p *passage) complete() { p.done <- p.all }

// wantNoGoroutines waits until no goroutine of this package's code is left.
func wantNoGoroutines(t *testing.T) {
	t.Helper()
	var left []string
	eventually(t, "no goroutine is left: "+strings.Join(left, "\n"), func() bool {
		left = nil
		buf := make([]byte, 1<<20)
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "redlock.(*lane)") || strings.Contains(g, "redlock.(*node)") || strings.Contains(g, "redlock.(*ear)") || strings.Contains(g, "go-redis/v9.(*Client)") {
				left = append(left, g)
			}
		}
		sort.Strings(left)
		return len(left) == 0
	})
}

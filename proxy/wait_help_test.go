package proxy_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/internal/redistest"
	"redlock-proxy/proxy"
	"redlock-proxy/redlock"
)

// custom is what a test changes of a proxy on real nodes.
type custom struct {
	quorum redlock.Options
	table  *commands.Table
	idle   time.Duration
}

// startOn is start on real nodes, which several proxies may share. A LOCK may
// wait for an hour there, so that none ends by itself.
func startOn(t *testing.T, servers []*redistest.Server, change ...func(*custom)) *front {
	t.Helper()
	f := &front{t: t, log: &safeBuffer{}}
	logger := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o := custom{
		quorum: redlock.Options{NodeTimeout: patience, Logger: logger, FirstStart: redlock.FirstStartForce, Lanes: 2},
		table:  &commands.Table{Logger: logger, Version: version, MaxBlock: time.Hour},
	}
	for _, s := range servers {
		o.quorum.Nodes = append(o.quorum.Nodes, redlock.Node{Name: s.Addr(), Options: &redis.Options{Addr: s.Addr()}})
	}
	for _, c := range change {
		c(&o)
	}
	quorum, err := redlock.New(t.Context(), o.quorum)
	if err != nil {
		t.Fatal(err)
	}
	if err := quorum.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.server = proxy.New(context.WithoutCancel(t.Context()), proxy.Options{Table: o.table, IdleTimeout: o.idle, Logger: logger})
	f.quorum, f.table, o.table.Quorum, o.table.Front = quorum, o.table, quorum, f.server
	if err := o.table.Prepare(); err != nil {
		t.Fatal(err)
	}
	f.settle = sync.OnceFunc(f.end)
	t.Cleanup(func() {
		f.settle()
		f.wantNoSecretsLogged()
	})
	f.listen(setup{})
	return f
}

// lock is a LOCK by this connection, with a token and more options.
func (c *client) lock(resource string, ttl int, token string, options ...string) {
	c.t.Helper()
	args := []string{"LOCK", resource, strconv.Itoa(ttl), "TOKEN", token}
	c.send(command(append(args, options...)...))
}

// holds is a lock by this connection that is granted at once.
func (c *client) holds(resource string, ttl int, token string, options ...string) {
	c.t.Helper()
	c.lock(resource, ttl, token, options...)
	c.wantGrant(token, ttl)
}

// waits sends a LOCK that has to wait, and returns when it has its place; with
// it so many wait.
func (f *front) waits(c *client, all int, resource, token string, options ...string) {
	f.t.Helper()
	f.wantWaiting(all - 1)
	c.lock(resource, 60000, token, append([]string{"BLOCK", "0"}, options...)...)
	f.wantWaiting(all)
}

func (f *front) wantWaiting(n int) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%d LOCKs wait", n), func() bool { return f.quorum.Waiting() == n })
}

// wantBlocked asks through this connection until so many others wait.
func (c *client) wantBlocked(n int) {
	c.t.Helper()
	got := ""
	for limit := time.Now().Add(patience); got != strconv.Itoa(n); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			c.t.Fatalf("blocked_clients stays %s, want %d", got, n)
		}
		c.send(command("INFO", "clients"))
		got = regexp.MustCompile(`blocked_clients:(\d+)`).FindStringSubmatch(c.text('$'))[1]
	}
}

// unlocks releases a lock that there is.
func (c *client) unlocks(resource, token string) {
	c.t.Helper()
	c.send(command("UNLOCK", resource, token))
	c.want(":1\r\n")
}

// id is the connection's number.
func (c *client) id() string {
	c.t.Helper()
	c.send(command("CLIENT", "ID"))
	c.want(":")
	return c.line()
}

// left is how long the keys of a lock last, the shortest first; not positive
// where there is none.
func left(t *testing.T, servers []*redistest.Server, resource string) (all []time.Duration) {
	t.Helper()
	for _, s := range servers {
		d, err := s.Client().PTTL(t.Context(), resource).Result()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	slices.SortFunc(all, cmp.Compare)
	return all
}

// wantExtended looks on until so long after a time: the locks are there all the
// while.
func wantExtended(t *testing.T, servers []*redistest.Server, since time.Time, d time.Duration, resources ...string) {
	t.Helper()
	for ; time.Since(since) < d; time.Sleep(5 * time.Millisecond) {
		for _, r := range resources {
			if all := left(t, servers, r); all[len(all)/2] <= 0 {
				t.Fatalf("after %v %s is gone: its keys last %v", time.Since(since), r, all)
			}
		}
	}
}

// wantLapse wants a lock to be there, to be extended no more, and to be granted
// to a waiter when its keys have lapsed, not before.
func wantLapse(t *testing.T, servers []*redistest.Server, resource string, next *client, token string) {
	t.Helper()
	lapse(t, servers, resource, next, token)()
}

// lapse begins a wantLapse, for several at a time.
func lapse(t *testing.T, servers []*redistest.Server, resource string, next *client, token string) (finish func()) {
	t.Helper()
	began, came := time.Now(), next.arrival()
	all := left(t, servers, resource)
	lasts := all[len(all)/2] // then a majority is free
	if lasts <= 0 || len(came) > 0 {
		t.Fatalf("%s was released: its keys last %v", resource, all)
	}
	return func() {
		t.Helper()
		at := within(t, "the next grant of "+resource, came)
		next.wantGrant(token, 60000)
		const grain = 5 * time.Millisecond // of the nodes' clocks
		if took := at.Sub(began); took < lasts-grain {
			t.Errorf("the next got %s after %v, while it lasted for %v", resource, took, lasts)
		}
	}
}

// wantNoKeysOn ends the proxies and waits until their nodes have nothing more.
// What was released is gone long before its ttl.
func wantNoKeysOn(t *testing.T, servers []*redistest.Server, fronts ...*front) {
	t.Helper()
	for _, f := range fronts {
		f.settle()
	}
	for _, s := range servers {
		eventually(t, "nothing is left on "+s.Addr(), func() bool {
			keys, err := s.Keys(t.Context())
			return err == nil && len(keys) == 0
		})
	}
}

// inTime wants something not to be late. It has a few tries, as the machine may
// be too busy to be told in time.
func inTime(t *testing.T, late func() time.Duration) {
	t.Helper()
	const tries = 3
	for range tries {
		d := late()
		if d < 0 || t.Failed() {
			return
		}
		t.Logf("%v too late", d)
	}
	t.Errorf("%d times out of %d it came too late", tries, tries)
}

// arrival tells when something came, which is still to be read, or the end.
func (c *client) arrival() chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		_, _ = c.in.Peek(1)
		at <- time.Now()
	}()
	return at
}

// departures are the ways in which a client goes.
func departures() map[string]func(*client) {
	return map[string]func(*client){
		"closed":      (*client).close,
		"reset":       (*client).reset,
		"half-closed": (*client).closeWrite,
	}
}

// lockLost is the answer to what is pending when a lock can no longer be held.
func lockLost(resource string) string { return fmt.Sprintf("-LOCKLOST %s\r\n", resource) }

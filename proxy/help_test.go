package proxy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/proxy"
	"redlock-proxy/redlock"
)

// patience is how long a test waits for what must happen: long, as the machine
// may be busy, and only ever used up by a test that fails.
const patience = 20 * time.Second

// version is what the proxies of these tests call themselves.
const version = "1.2.3-test"

// TestMain takes go-redis' own messages, which otherwise go to stderr. They
// must not hold a secret either, as the proxy passes them on to its log.
func TestMain(m *testing.M) {
	var log safeBuffer
	redis.SetLogger(&log)
	code := m.Run()
	if found := secret.FindString(log.String()); found != "" {
		fmt.Fprintf(os.Stderr, "go-redis was given the secret %q to print\n", found)
		code = 1
	}
	os.Exit(code)
}

// setup is what a test wants other than usual.
type setup struct {
	secure     *proxy.TLS     // nil: no TLS
	nodes      []redlock.Node // default: three embedded ones
	maxBlock   time.Duration  // default: the table's
	password   string
	users      string        // an ACL file
	guessDelay time.Duration // default 1 ms
	maxClients int
	idle       time.Duration
	unix       bool
	wrap       func(net.Listener) net.Listener
}

// front is a proxy that runs in the test, with its nodes.
type front struct {
	t      *testing.T
	server *proxy.Server
	table  *commands.Table
	users  string // what the ACL file says; read by the proxy at ACL LOAD
	quorum *redlock.Quorum
	nodes  []*node
	addr   net.Addr
	log    *safeBuffer
	settle func() // ends the proxy; when it returns all undoing is done
}

// start runs a proxy until the test ends. What it has logged then must not hold
// a secret: tokens of tests begin with "tok-", passwords with "pass-", and the
// proxy's own tokens are 40 hex digits.
func start(t *testing.T, s setup) *front {
	t.Helper()
	f := &front{t: t, log: &safeBuffer{}, users: s.users}
	if s.nodes == nil {
		s.nodes = f.embedNodes(3)
	}
	logger := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	quorum, err := redlock.New(t.Context(), redlock.Options{Nodes: s.nodes, NodeTimeout: patience, Logger: logger, FirstStart: redlock.FirstStartForce, Lanes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := quorum.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	table := &commands.Table{Quorum: quorum, Logger: logger, Version: version, Password: s.password, GuessDelay: max(s.guessDelay, time.Millisecond), MaxBlock: s.maxBlock}
	if s.users != "" {
		table.OpenUsers = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.users)), nil }
	}
	f.server = proxy.New(context.WithoutCancel(t.Context()), proxy.Options{Table: table, MaxClients: s.maxClients, IdleTimeout: s.idle, Logger: logger})
	f.quorum, f.table, table.Front = quorum, table, f.server
	if err := table.Prepare(); err != nil {
		t.Fatal(err)
	}
	f.settle = sync.OnceFunc(f.end)
	t.Cleanup(func() {
		f.settle()
		f.wantNoSecretsLogged()
	})
	f.listen(s)
	return f
}

func (f *front) listen(s setup) {
	f.t.Helper()
	address := "127.0.0.1:0"
	if s.unix {
		address = "unix://" + filepath.Join(f.t.TempDir(), "s")
	}
	l, err := proxy.Listen(f.t.Context(), address, 0o700)
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = l.Addr()
	if s.wrap != nil {
		l = s.wrap(l)
	}
	if err := f.server.Serve(l, s.secure); err != nil {
		f.t.Fatal(err)
	}
}

func (f *front) end() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	f.server.Close(now)
	for _, n := range f.nodes {
		n.releaseAll()
	}
	soon, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.quorum.Close(soon); err != nil {
		f.t.Errorf("the quorum did not come to rest: %v", err)
	}
	f.table.Close()
}

var secret = regexp.MustCompile(`tok-|pass-|[0-9a-f]{40}`)

func (f *front) wantNoSecretsLogged() {
	f.t.Helper()
	if found := secret.FindString(f.log.String()); found != "" {
		f.t.Errorf("the log holds the secret %q:\n%s", found, f.log)
	}
}

// embedNodes starts nodes inside the test that can be held up.
func (f *front) embedNodes(n int) (nodes []redlock.Node) {
	f.t.Helper()
	for i := range n {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		if err := m.Start(); err != nil {
			f.t.Fatal(err)
		}
		f.t.Cleanup(m.Close)
		f.nodes = append(f.nodes, newNode(m))
		nodes = append(nodes, redlock.Node{Name: fmt.Sprintf("node-%d", i), Options: &redis.Options{Addr: m.Addr()}})
	}
	return nodes
}

// keys lists all locks on all nodes, each as often as there are nodes with it.
func (f *front) keys() (keys []string) {
	for _, n := range f.nodes {
		keys = append(keys, n.redis.Keys()...)
	}
	slices.Sort(keys)
	return keys
}

// wantNoKeys ends the proxy and looks at the nodes.
func (f *front) wantNoKeys() {
	f.t.Helper()
	f.settle()
	if keys := f.keys(); len(keys) > 0 {
		f.t.Errorf("left behind on the nodes: %q", keys)
	}
}

// on counts the nodes that have a lock for the resource.
func (f *front) on(resource string) (count int) {
	for _, n := range f.nodes {
		if n.redis.Exists(resource) {
			count++
		}
	}
	return count
}

func (f *front) wantClients(n int) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%d connections", n), func() bool { return f.server.Clients() == n })
}

// eventually waits for something that must come to be.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !isSo(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}

// within waits for a channel to be closed, or for a value.
func within[T any](t *testing.T, what string, c <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-c:
	case <-time.After(patience):
		t.Fatalf("never came: %s", what)
	}
	return value
}

// command writes a command in array form.
func command(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// Printf makes it a logger for go-redis.
func (b *safeBuffer) Printf(_ context.Context, format string, args ...any) {
	_, _ = fmt.Fprintf(b, format+"\n", args...)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

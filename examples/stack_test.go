package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// patience is for a machine that is busy with other tests.
const patience = 30 * time.Second

// bin is where the tests put what they build.
var bin string

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "redlock-examples-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	return m.Run()
}

var buildProxy = sync.OnceValues(func() (string, error) {
	return build("redlock-proxy", "go", "build", "-o", "{}", "../cmd/redlock-proxy")
})

// build runs a compiler, whose {} is where the binary goes.
func build(name string, command ...string) (string, error) {
	path := filepath.Join(bin, name)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "{}", path)
	}
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
}

// stack is three nodes and a proxy.
type stack struct {
	servers []*redistest.Server
	addr    string
}

func start(t *testing.T) *stack {
	t.Helper()
	s := new(stack)
	// A busy machine is no lost quorum; the programs wait a second.
	args := []string{"--listen=127.0.0.1:0", "--first-start=force", "--node-timeout=900ms", "--drain-timeout=100ms"}
	for range 3 {
		server, err := redistest.Launch(t.TempDir())
		if err != nil {
			t.Fatalf("%v; run sh test.sh", err)
		}
		t.Cleanup(server.Close)
		s.servers = append(s.servers, server)
		args = append(args, "--node=redis://"+server.Addr())
	}
	proxy, err := buildProxy()
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listening(t, startProcess(t, exec.Command(proxy, args...)))
	return s
}

// listening waits until a process says where it listens.
func listening(t *testing.T, p *process) (addr string) {
	t.Helper()
	line := regexp.MustCompile(`listening .*?(127\.0\.0\.1:\d+)[ \n]`)
	eventually(t, "the address it listens on", func() bool {
		m := line.FindStringSubmatch(p.stdout.String() + p.stderr.String())
		if m == nil && !p.running() {
			t.Fatalf("%q ended:\n%s", p.cmd.Args, p.stderr)
		}
		if m != nil {
			addr = m[1]
		}
		return m != nil
	})
	return addr
}

// holders gives what the nodes that run have for a resource.
func (s *stack) holders(t *testing.T, resource string) (values []string) {
	t.Helper()
	for _, server := range s.servers {
		value, err := server.Client().Get(t.Context(), resource).Result()
		if err == nil {
			values = append(values, value)
		} else if !errors.Is(err, redis.Nil) && server.Client().Ping(t.Context()).Err() == nil {
			t.Fatalf("%s: %v", server.Addr(), err)
		}
	}
	return values
}

// wantHeld wants a majority to hold a resource, and gives the token.
func (s *stack) wantHeld(t *testing.T, resource string) (token string) {
	t.Helper()
	values := s.holders(t, resource)
	if len(values) < 2 {
		t.Fatalf("%d of 3 nodes hold %s while the task is under way", len(values), resource)
	}
	// The proxy marks what it did not make itself.
	token, _, ours := strings.Cut(values[0], "\x00")
	if !ours || len(token) < 26 {
		t.Errorf("%s is held by a token of %d bytes, made by the program: %v; want 128 random bits of its own", resource, len(token), ours)
	}
	return token
}

// wantFree wants a resource released, by now and not by the end of its ttl.
func (s *stack) wantFree(t *testing.T, resource string) {
	t.Helper()
	const soon = time.Second
	for deadline := time.Now().Add(soon); len(s.holders(t, resource)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is still held at %d nodes", resource, len(s.holders(t, resource)))
		}
	}
}

// forget makes the nodes lose every lock, and nothing else: a flush would be
// noticed, and then no node would say that it does not have the lock.
func (s *stack) forget(t *testing.T) {
	t.Helper()
	for _, server := range s.servers {
		keys, err := server.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if err := server.Client().Del(t.Context(), key).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// loseQuorum kills two of the three nodes.
func (s *stack) loseQuorum() {
	s.servers[0].Kill()
	s.servers[1].Kill()
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

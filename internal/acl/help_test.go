package acl

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

var (
	seedFlag = flag.Uint64("acl.seed", 0, "replay the choices of the random tests; 0 makes new ones")
	rounds   = flag.Int("acl.rounds", 150, "how many times a random test asks a Redis")
)

// quiet keeps go-redis' own remarks out of the tests' output.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}

// choices makes the random numbers of a test, which it tells how to replay.
func choices(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay the choices with -acl.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// few is a table like that of the proxy.
func few() []Command {
	return []Command{
		{Name: "lock", Categories: []string{"write", "fast", "lock"}},
		{Name: "unlock", Categories: []string{"write", "fast", "lock"}},
		{Name: "ping", Categories: []string{"fast", "connection"}},
		{Name: "select", Categories: []string{"fast", "connection"}},
		{Name: "client", Categories: []string{"slow"}},
		{Name: "client|list", Categories: []string{"slow", "admin", "dangerous"}},
		{Name: "client|id", Categories: []string{"slow", "connection"}},
	}
}

// parse wants text to be fine.
func parse(t testing.TB, text string) *Users {
	t.Helper()
	users, err := Parse(strings.NewReader(text), few())
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return users
}

// alice wants these rules to be fine, and gives the user who has them.
func alice(t testing.TB, rules string) *User {
	t.Helper()
	return parse(t, "user alice "+rules).Lookup("alice")
}

// launch starts a redis-server, without which nothing here is shown. Its client
// has the patience that a busy machine needs.
func launch(t *testing.T, args ...string) *redis.Client {
	t.Helper()
	s, err := redistest.Launch(t.TempDir(), args...)
	if err != nil {
		t.Fatalf("this test needs a real Redis, run sh test.sh: %v", err)
	}
	t.Cleanup(s.Close)
	return s.Client().WithTimeout(20 * time.Second)
}

package proof

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long a test waits for what must happen; only a failure takes
// that long.
const patience = 30 * time.Second

// options of a run; see doc.go.
type options struct {
	run  time.Duration
	seed uint64
	dir  string
}

var (
	chosen options
	built  binaries
)

// binaries are built when they are first asked for, under the race detector when
// the tests are.
type binaries struct{ proxy, broken, counter func() (string, error) }

func TestMain(m *testing.M) {
	flag.DurationVar(&chosen.run, "proof.run", 30*time.Second, "how long the random runs last, each")
	flag.Uint64Var(&chosen.seed, "proof.seed", 0, "run only what this seed chooses; 0: new ones")
	flag.StringVar(&chosen.dir, "proof.dir", os.TempDir(), "where the history of a violation is written to")
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "proof-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built = binaries{
		proxy:   builder(filepath.Join(dir, "redlock-proxy"), "..", "./cmd/redlock-proxy"),
		broken:  builder(filepath.Join(dir, "redlock-broken"), "..", "./cmd/redlock-proxy", "-tags", "broken"),
		counter: builder(filepath.Join(dir, "counter"), ".", "./drivers/go"),
	}
	redis.SetLogger(silence{})
	return m.Run()
}

// silence: go-redis tells every connection that fails, which is what the tests
// are about.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// builder builds a package of the module in dir.
func builder(binary, dir, pkg string, args ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		args = append([]string{"build", "-o", binary}, args...)
		if raceDetector {
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, pkg)...)
		build.Dir = dir // the module's own versions
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
		return binary, nil
	})
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

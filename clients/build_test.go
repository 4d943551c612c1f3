package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programs are built once, when they are first asked for: the proxy under the
// race detector when the tests are.
type programs struct {
	proxy, goDriver func() (string, error)
}

var built programs

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built = programs{
		proxy:    builder(filepath.Join(dir, "redlock-proxy"), "..", "./cmd/redlock-proxy", raceDetector),
		goDriver: builder(filepath.Join(dir, "driver"), ".", "./drivers/go", false),
	}
	return m.Run()
}

// builder builds a package of the module in dir.
func builder(binary, dir, pkg string, race bool) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		args := []string{"build", "-o", binary}
		if race {
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

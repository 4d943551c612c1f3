package interop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; only a failure takes
// that long.
const patience = 20 * time.Second

// nodeLibrary is a process that runs noderedlock.mjs.
type nodeLibrary struct {
	commands io.Writer
	answers  chan string // closed when the process has said its last
}

// nodeRedlock opens one of the versions that package.json installs.
func nodeRedlock(version string) func(*testing.T, []string) library {
	return func(t *testing.T, nodes []string) library {
		needInstalled(t, version)
		cmd := exec.Command("node", append([]string{"noderedlock.mjs", version}, nodes...)...)
		cmd.Stderr = os.Stderr
		commands, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		answers, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		l := &nodeLibrary{commands, make(chan string)}
		go l.read(answers)
		t.Cleanup(func() {
			_ = commands.Close() // It ends with its standard input, or by force.
			kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
			for range l.answers {
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("noderedlock.mjs ended: %v", err)
			}
		})
		return l
	}
}

// needInstalled skips the test, or fails it where CI=true says that nothing may
// be skipped.
func needInstalled(t *testing.T, version string) {
	t.Helper()
	_, errNode := exec.LookPath("node")
	_, errModule := os.Stat("node_modules/" + version)
	err := errors.Join(errNode, errModule)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("node-redlock is not installed: run npm install in bench/interop: %v", err)
	default:
		t.Skipf("node-redlock is not installed: run npm install in bench/interop: %v", err)
	}
}

func (l *nodeLibrary) read(from io.Reader) {
	defer close(l.answers)
	for lines := bufio.NewScanner(from); lines.Scan(); {
		l.answers <- lines.Text()
	}
}

// call sends a command and gives what follows the wanted word in the answer.
func (l *nodeLibrary) call(ctx context.Context, want, format string, args ...any) (string, error) {
	command := fmt.Sprintf(format, args...)
	if _, err := io.WriteString(l.commands, command+"\n"); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case answer, open := <-l.answers:
		word, rest, _ := strings.Cut(answer, " ")
		switch {
		case open && word == want:
			return rest, nil
		case open && word == "refused":
			return "", errRefused
		}
		return "", fmt.Errorf("%s: %q", command, answer)
	case <-ctx.Done():
		return "", fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

func (l *nodeLibrary) lock(ctx context.Context, resource string, ttl time.Duration) (string, error) {
	return l.call(ctx, "held", "lock %s %d", resource, ttl.Milliseconds())
}

func (l *nodeLibrary) extend(ctx context.Context, resource string, ttl time.Duration) error {
	_, err := l.call(ctx, "extended", "extend %s %d", resource, ttl.Milliseconds())
	return err
}

func (l *nodeLibrary) unlock(ctx context.Context, resource string) error {
	_, err := l.call(ctx, "released", "unlock %s", resource)
	return err
}

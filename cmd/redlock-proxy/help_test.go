package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output collects what a program writes and lets a test wait for a line.
type output struct {
	mu    sync.Mutex
	b     bytes.Buffer
	grown chan struct{}
}

func newOutput() *output { return &output{grown: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(p)
	select {
	case o.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await waits for a match and gives its first group.
func (o *output) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	timeout := time.After(30 * time.Second)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-o.grown:
		case <-timeout:
			t.Fatalf("%q was never written:\n%s", pattern, o.String())
		}
	}
}

// running is the program in this process.
type running struct {
	addr   string
	stderr *output
	stop   context.CancelFunc
	code   chan int
}

// start runs the program on a free port until the test ends.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &running{stderr: newOutput(), stop: stop, code: make(chan int, 1)}
	// A busy machine is slow, which the default would take for five dead nodes.
	args = append([]string{"--listen=127.0.0.1:0", "--drain-timeout=100ms", "--node-timeout=5s"}, args...)
	go func() { r.code <- run(ctx, args, io.Discard, r.stderr) }()
	r.addr = r.stderr.await(t, `msg=listening address=(127\.0\.0\.1:\d+)`)
	t.Cleanup(func() {
		stop()
		code := <-r.code
		r.code <- code
		if code != exitClean {
			t.Errorf("exit code %d:\n%s", code, r.stderr)
		}
	})
	return r
}

func (r *running) port() string { return r.addr[strings.LastIndex(r.addr, ":")+1:] }

// cli runs a real redis-cli and gives what it printed.
func cli(t *testing.T, args ...string) string {
	t.Helper()
	return pipe(t, "", "redis-cli", args...)
}

// pipe runs a program with an input. A missing one is a failure in CI.
func pipe(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", name)
		}
		t.Skipf("%s is missing; sh test.sh installs it", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// eventually waits for something that must come to be.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !isSo(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}

func lines(s string) []string {
	var all []string
	for sc := bufio.NewScanner(strings.NewReader(s)); sc.Scan(); {
		all = append(all, sc.Text())
	}
	return all
}

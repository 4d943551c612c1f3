package proof

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// fleet is all proxies, each as good as the others.
type fleet struct {
	proxies []*redis.Client
	current atomic.Uint64
}

func newFleet(addresses ...string) *fleet {
	f := &fleet{}
	for _, address := range addresses {
		f.proxies = append(f.proxies, redis.NewClient(&redis.Options{
			Addr: address,
			// The next proxy is asked, and not the same one again.
			MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second,
			ReadTimeout: 5 * time.Second, // longer than any BLOCK
		}))
	}
	return f
}

// ask sends a command to one proxy after the other until one has answered. That
// is safe for LOCK with TOKEN, for EXTEND and for UNLOCK.
func (f *fleet) ask(ctx context.Context, words ...any) (reply any, err error) {
	for range 2 * len(f.proxies) {
		i := f.current.Load()
		reply, err = f.proxies[i%uint64(len(f.proxies))].Do(ctx, words...).Result()
		answered := redis.Error(nil)
		if err == nil || errors.As(err, &answered) && !strings.HasPrefix(err.Error(), "LEAVING ") {
			return reply, err
		}
		f.current.CompareAndSwap(i, i+1)
	}
	return nil, err
}

// asker is a client that knows all proxies, in whatever language. Failures are
// what it was told by those that it then left.
type asker interface {
	ask(ctx context.Context, words ...any) (reply any, err error)
	failures() []string
	close()
}

// goFleet notes what its fleet does not tell.
type goFleet struct {
	*fleet
	failed []string
}

// newGoFleet asks the proxy of that number first.
func newGoFleet(first int, addresses []string) *goFleet {
	f := &goFleet{fleet: newFleet(addresses...)}
	f.current.Store(uint64(first))
	for _, p := range f.proxies {
		p.AddHook(failureHook{f})
	}
	return f
}

func (f *goFleet) failures() []string { return f.failed }

func (f *goFleet) close() {
	for _, p := range f.proxies {
		_ = p.Close() // There is nothing to lose.
	}
}

// failureHook sees each command that is sent.
type failureHook struct{ fleet *goFleet }

func (failureHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (failureHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h failureHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		// What go-redis asks by itself when it connects may be refused.
		if err != nil && !errors.Is(err, redis.Nil) && cmd.Name() != "client" {
			h.fleet.failed = append(h.fleet.failed, err.Error())
		}
		return err
	}
}

// pythonFleet is the same in another language, which is told what to ask.
type pythonFleet struct {
	*process
	in     io.Writer
	out    *bufio.Scanner
	failed []string
}

func newPythonFleet(t *testing.T, first int, addresses []string) *pythonFleet {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", // Debian's, as only it finds python3-redis
		"drivers/python/fleet.py", fmt.Sprint(first), strings.Join(addresses, ","))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &pythonFleet{process: startProcess(t, cmd), in: in, out: bufio.NewScanner(out)}
}

func (f *pythonFleet) failures() []string { return f.failed }

func (f *pythonFleet) close() { f.kill() }

// ask gives the reply as go-redis would.
func (f *pythonFleet) ask(_ context.Context, words ...any) (any, error) {
	if err := json.NewEncoder(f.in).Encode(words); err != nil {
		return nil, fmt.Errorf("tell the driver: %w", err)
	}
	if !f.out.Scan() {
		return nil, fmt.Errorf("the driver ended: %w", errors.Join(io.ErrUnexpectedEOF, f.out.Err()))
	}
	var told struct {
		Reply    any
		Error    string
		Failures []string
	}
	if err := json.Unmarshal(f.out.Bytes(), &told); err != nil {
		return nil, fmt.Errorf("read %q: %w", f.out.Text(), err)
	}
	f.failed = append(f.failed, told.Failures...)
	if told.Error != "" {
		return nil, errors.New(told.Error)
	}
	return fromJSON(told.Reply)
}

func fromJSON(reply any) (any, error) {
	switch r := reply.(type) {
	case nil:
		return nil, redis.Nil
	case float64:
		return int64(r), nil
	case []any:
		for i := range r {
			if n, isNumber := r[i].(float64); isNumber {
				r[i] = int64(n)
			}
		}
	}
	return reply, nil
}

// TestGuideShowsTheFleet: what operators are told to use is what was shown to work.
func TestGuideShowsTheFleet(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for language, file := range map[string]string{"go": "failover_test.go", "python": "drivers/python/fleet.py"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(guide), "```"+language+"\n")
		shown, _, _ := strings.Cut(rest, "```")
		for part := range strings.SplitSeq(shown, "\n\n") {
			if part = strings.TrimSpace(part); part == "" || !strings.Contains(string(source), part) {
				t.Errorf("not in %s:\n%s", file, part)
			}
		}
	}
}

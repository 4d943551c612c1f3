package redistest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fakeTB records how a test would have ended.
type fakeTB struct {
	testing.TB
	end string
}

func (f *fakeTB) Skipf(format string, args ...any) { f.stop("skip: " + fmt.Sprintf(format, args...)) }
func (f *fakeTB) Fatal(args ...any)                { f.stop("fatal: " + fmt.Sprint(args...)) }

func (f *fakeTB) stop(end string) {
	f.end = end
	runtime.Goexit()
}

func TestStartWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Launch(t.TempDir()); !errors.Is(err, ErrNoRedis) {
		t.Errorf("Launch: got %v, want ErrNoRedis", err)
	}
	for _, tt := range []struct{ ci, want string }{
		{ci: "", want: "skip: "},
		{ci: "true", want: "fatal: "},
	} {
		t.Setenv("CI", tt.ci)
		tb := &fakeTB{TB: t}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			Start(tb, 1)
		}()
		<-ended
		if !strings.HasPrefix(tb.end, tt.want) || !strings.Contains(tb.end, "apt-get install redis-server") {
			t.Errorf("CI=%q: got %q, want %q and what to install", tt.ci, tb.end, tt.want)
		}
	}
}

package redistest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; only a failure takes
// that long.
const patience = 20 * time.Second

// brief is how long a test watches for what must not happen.
const brief = 50 * time.Millisecond

// crashDir, in the environment, makes this binary the program that
// TestServersDieWithACrashedProgram crashes.
const crashDir = "REDISTEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crash(dir)
	}
	os.Exit(m.Run())
}

// crash launches a server, prints its address and dies without cleaning up.
func crash(dir string) {
	s, err := Launch(dir)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	s.Pause() // A process that stands still must die too.
	fmt.Println(s.Addr(), s.child.cmd.Process.Pid)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// exists reports whether pid is a process, be it a zombie.
func exists(pid int) bool { return syscall.Kill(pid, 0) == nil }

// has reports whether the server holds key.
func has(t *testing.T, s *Server, key string) bool {
	t.Helper()
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(keys, key)
}

// short returns a context for a request that is expected to fail.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	t.Cleanup(cancel)
	return ctx
}

// rawConn is a connection whose every byte the test decides on.
type rawConn struct {
	t *testing.T
	net.Conn
	replies *bufio.Reader
}

func dialRaw(t *testing.T, addr string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, conn)
}

func newRaw(t *testing.T, conn net.Conn) *rawConn {
	t.Cleanup(func() { _ = conn.Close() })
	return &rawConn{t, conn, bufio.NewReader(conn)}
}

// send writes one inline command.
func (c *rawConn) send(command string) {
	c.t.Helper()
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		c.t.Fatal(err)
	}
}

// want reads one line.
func (c *rawConn) want(line string) {
	c.t.Helper()
	got, err := c.readLine(patience)
	if err != nil || got != line+"\r\n" {
		c.t.Fatalf("reply: got %q, %v; want %q", got, err, line)
	}
}

// wantSilence asserts that nothing comes, not even an end of file.
func (c *rawConn) wantSilence() {
	c.t.Helper()
	got, err := c.readLine(brief)
	if got != "" || !os.IsTimeout(err) {
		c.t.Fatalf("got %q, %v; want silence", got, err)
	}
}

// wantGone asserts that the connection ends.
func (c *rawConn) wantGone() {
	c.t.Helper()
	got, err := c.readLine(patience)
	if got != "" || err == nil || os.IsTimeout(err) {
		c.t.Fatalf("got %q, %v; want the connection gone", got, err)
	}
}

func (c *rawConn) readLine(limit time.Duration) (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		c.t.Fatal(err)
	}
	return c.replies.ReadString('\n')
}

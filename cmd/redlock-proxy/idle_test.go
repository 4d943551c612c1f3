package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

const (
	// manyClients is the default of --max-clients.
	manyClients = 10_000
	// mostResident is what README promises for an idle connection, of the memory
	// that the system has given to the process.
	mostResident = 12 << 10
)

// TestTenThousandIdleConnections runs the real program, so that nothing but it
// is measured.
func TestTenThousandIdleConnections(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	before := p.resident(t)
	conns := p.dialMany(t)
	after := p.resident(t)
	each := (after - before) / manyClients
	t.Logf("%d connections: %d MiB more, %d bytes for each", manyClients, (after-before)>>20, each)
	if each > mostResident {
		t.Errorf("an idle connection costs %d bytes, want at most %d", each, mostResident)
	}
	for range 3 {
		if got := exchange(p.dial(t), ""); got != "-ERR max number of clients reached\r\n" {
			t.Errorf("one client too many got %q", got)
		}
	}
	if got := exchange(conns[manyClients/2], "INFO clients\r\n"); !strings.HasPrefix(got, "$") {
		t.Errorf("INFO: %q", got)
	}
	for i := 0; i < manyClients; i += manyClients / 100 {
		if got := exchange(conns[i], "PING\r\n"); i != manyClients/2 && got != "+PONG\r\n" {
			t.Errorf("connection %d has been lost: %q", i, got)
		}
	}
	_ = conns[0].Close()
	for limit := time.Now().Add(30 * time.Second); ; {
		got := exchange(p.dial(t), "PING\r\n")
		if got == "+PONG\r\n" {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("after one has left, the next gets %q", got)
		}
	}
}

// dialMany opens as many connections as there may be, each of which works.
func (p *process) dialMany(t *testing.T) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, manyClients)
	var wg sync.WaitGroup
	const dialers = 16
	for d := range dialers {
		wg.Go(func() {
			for i := d; i < manyClients; i += dialers {
				conns[i] = p.dial(t)
				if conns[i] == nil {
					return
				}
				if got := exchange(conns[i], "PING\r\n"); got != "+PONG\r\n" {
					t.Errorf("connection %d of %d: %q", i, manyClients, got)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return conns
}

// exchange sends a line and gives the first line that comes back.
func exchange(c net.Conn, line string) string {
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	_, _ = io.WriteString(c, line)
	got, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return fmt.Sprintf("%s (%v)", got, err)
	}
	return got
}

// process is the program as it is run in earnest.
type process struct {
	file   string
	stderr *output
	addr   string
	pid    int
	nodes  []*redistest.Server
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "redlock-proxy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	args = append([]string{"--listen=127.0.0.1:0", "--drain-timeout=0s"}, args...)
	nodes := redistest.Start(t, 3)
	for _, s := range nodes {
		args = append(args, "--node=redis://"+s.Addr())
	}
	stderr := newOutput()
	c := exec.Command(binary, args...)
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return &process{binary, stderr, stderr.await(t, `msg=listening address=(127\.0\.0\.1:\d+)`), c.Process.Pid, nodes}
}

func (p *process) dial(t *testing.T) net.Conn {
	d := net.Dialer{Timeout: 30 * time.Second}
	c, err := d.DialContext(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Errorf("connecting: %v; is the limit of open files (ulimit -n) below %d?", err, 2*manyClients)
		return nil
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// resident is how much memory the system has given to the process, in bytes.
func (p *process) resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build makes the program.
func build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "redlock-proxy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// unit is a program as systemd starts it.
type unit struct {
	args    []string
	env     []string
	sockets []*os.File
}

// unitProcess is one that runs. Its exit is waited for once.
type unitProcess struct {
	*exec.Cmd
	stderr *output
	ended  chan struct{}
}

func (u unit) start(t *testing.T, binary string) *unitProcess {
	t.Helper()
	// LISTEN_PID is that of the process which is meant.
	c := exec.Command("sh", append([]string{"-c", `export LISTEN_PID=$$; exec "$0" "$@"`, binary, "--drain-timeout=0s"}, u.args...)...)
	p := &unitProcess{c, newOutput(), make(chan struct{})}
	c.Env = append(os.Environ(), u.env...)
	c.ExtraFiles = u.sockets
	c.Stderr = p.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = c.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-p.ended
	})
	return p
}

// wantEnd waits for the exit code.
func (p *unitProcess) wantEnd(t *testing.T, code int) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not end:\n%s", p.stderr)
	}
	if got := p.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d:\n%s", got, code, p.stderr)
	}
}

func (p *unitProcess) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// manager is the socket that systemd listens on for what units tell.
func manager(t *testing.T) (env string, next func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return "NOTIFY_SOCKET=" + path, func() string {
		t.Helper()
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		b := make([]byte, 4096)
		n, err := c.Read(b)
		if err != nil {
			t.Fatalf("systemd was told nothing: %v", err)
		}
		return string(b[:n])
	}
}

// socketFile is a listener as it is given to another process.
func socketFile(t *testing.T, network, address string) (*os.File, string) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, l.Addr().String()
}

func TestSystemdIsToldOfEachChange(t *testing.T) {
	t.Parallel()
	env, next := manager(t)
	socket := filepath.Join(t.TempDir(), "s")
	p := unit{args: []string{"--listen=unix://" + socket}, env: []string{env}}.start(t, build(t))
	if got := next(); got != "READY=1" {
		t.Fatalf("told %q, want READY=1", got)
	}
	if client, err := net.Dial("unix", socket); err != nil {
		t.Errorf("READY=1 before it listens: %v", err)
	} else {
		_ = client.Close()
	}
	p.signal(t, syscall.SIGHUP)
	if got := next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("told %q, want RELOADING=1 and the time", got)
	}
	if got := next(); got != "READY=1" {
		t.Errorf("told %q after a reload, want READY=1", got)
	}
	p.signal(t, syscall.SIGTERM)
	if got := next(); got != "STOPPING=1" {
		t.Errorf("told %q, want STOPPING=1", got)
	}
	p.wantEnd(t, exitClean)
}

func TestSystemdsWatchdogIsFed(t *testing.T) {
	t.Parallel()
	env, next := manager(t)
	unit{args: []string{"--listen=127.0.0.1:0"}, env: []string{env, "WATCHDOG_USEC=100000"}}.start(t, build(t))
	fed := 0
	for fed < 3 {
		if got := next(); got == "WATCHDOG=1" {
			fed++
		}
	}
}

// TestSocketsOfSystemd: they take the place of --listen, and protected mode
// looks at their addresses.
func TestSocketsOfSystemd(t *testing.T) {
	t.Parallel()
	binary := build(t)
	loopback, at := socketFile(t, "tcp", "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "s")
	unix, _ := socketFile(t, "unix", path)
	given := unit{
		args: []string{"--listen=192.0.2.1:7379"}, // not this machine's: it is not used
		env:  []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=clients:local"}, sockets: []*os.File{loopback, unix},
	}
	p := given.start(t, binary)
	p.stderr.await(t, `msg=listening address=`+path)
	_, port, _ := net.SplitHostPort(at)
	if got := lines(cli(t, "-p", port, "LOCK", "a", "60000", "TOKEN", "tok-1")); len(got) != 2 || got[0] != "tok-1" {
		t.Errorf("LOCK: %q", got)
	}
	if got := cli(t, "-s", path, "UNLOCK", "a", "tok-1"); got != "1\n" {
		t.Errorf("UNLOCK by the unix socket: %q", got)
	}
	p.signal(t, syscall.SIGTERM)
	p.wantEnd(t, exitClean)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the socket file is systemd's, and was removed: %v", err)
	}

	world, _ := socketFile(t, "tcp", "0.0.0.0:0")
	exposed := unit{env: []string{"LISTEN_FDS=1"}, sockets: []*os.File{world}}
	q := exposed.start(t, binary)
	q.wantEnd(t, exitUsage)
	if !strings.Contains(q.stderr.String(), "anybody who reaches this address could take and release locks") {
		t.Errorf("strangers may come in by systemd's socket:\n%s", q.stderr)
	}
	exposed.args = []string{"--protected-mode=no"}
	q = exposed.start(t, binary)
	q.stderr.await(t, `msg=listening`)

	file, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	none := unit{env: []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, sockets: []*os.File{file}}.start(t, binary)
	none.wantEnd(t, exitUsage)
	if !strings.Contains(none.stderr.String(), "socket web of systemd: not a socket that listens") {
		t.Errorf("what is no socket:\n%s", none.stderr)
	}
}

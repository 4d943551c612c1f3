package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// adminAddress is that of a program that runs.
type adminAddress struct {
	url      string
	password string
}

// startAdmin runs the program with an admin address.
func startAdmin(t *testing.T, args ...string) (*running, adminAddress) {
	t.Helper()
	r := start(t, append([]string{"--admin=127.0.0.1:0"}, args...)...)
	return r, adminAddress{url: "http://" + r.stderr.await(t, `msg="serving metrics and health" address=(127\.0\.0\.1:\d+)`)}
}

// get asks for a path.
func (a adminAddress) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.password != "" {
		r.SetBasicAuth("anybody", a.password)
	}
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestTheAdminPasswordGuardsAllButHealth(t *testing.T) {
	t.Parallel()
	_, a := startAdmin(t, "--admin-password=open sesame")
	for password, want := range map[string]int{"": 401, "open": 401, "open sesame": 200} {
		a.password = password
		if status, body := a.get(t, "/metrics"); status != want {
			t.Errorf("/metrics with the password %q: %d %s, want %d", password, status, body, want)
		}
		if status, body := a.get(t, "/healthz"); status != 200 {
			t.Errorf("/healthz with the password %q: %d %s, want 200", password, status, body)
		}
		if _, body := a.get(t, "/readyz"); !strings.Contains(body, " nodes vote, ") {
			t.Errorf("/readyz with the password %q: %s, want what it says of the nodes", password, body)
		}
	}
}

func TestReadyTellsWhyNot(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	r, a := startAdmin(t, append(nodeFlags(servers), "--drain-timeout=10s")...)
	eventually(t, "/readyz says ready", func() bool {
		status, body := a.get(t, "/readyz")
		return status == 200 && body == "ready: 3 of 3 nodes vote, 2 needed\n"
	})
	servers[0].Kill()
	servers[1].Kill()
	eventually(t, "/readyz names both nodes", func() bool {
		status, body := a.get(t, "/readyz")
		return status == 503 && strings.HasPrefix(body, "not ready: 1 of 3 nodes vote, 2 needed: ") && strings.Count(body, "\n") == 1 &&
			strings.Contains(body, servers[0].Addr()+" down for ") && strings.Contains(body, servers[1].Addr()+" down for ")
	})
	if status, body := a.get(t, "/healthz"); status != 200 || body != "alive\n" {
		t.Errorf("/healthz: %d %q, want 200: restarting the proxy would mend nothing", status, body)
	}
	client := connect(t, r)
	client.do("PING")
	r.stop()
	eventually(t, "/readyz says that the proxy drains, as long as a client stays", func() bool {
		status, body := a.get(t, "/readyz")
		return status == 503 && strings.Contains(body, "draining")
	})
}

func TestTheAdminAddressOnASocketAndInUse(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "admin.sock")
	start(t, "--admin=unix://"+socket)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	eventually(t, "the socket is served", func() bool {
		answer, err := client.Get("http://localhost/metrics")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == 200
	})
	stderr := newOutput()
	if code := run(t.Context(), []string{"--listen=127.0.0.1:0", "--admin=unix://" + socket}, io.Discard, stderr); code != exitFailure || !strings.Contains(stderr.String(), "--admin=unix://"+socket) {
		t.Errorf("exit code %d, want 1 and the flag:\n%s", code, stderr)
	}
}

// client is a connection to the proxy that stays.
type client struct {
	t    *testing.T
	conn net.Conn
	read *bufio.Reader
}

func connect(t *testing.T, r *running) *client {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// send sends a command and does not wait for its answer.
func (c *client) send(command string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

// do sends a command and gives its answer.
func (c *client) do(command string) string {
	c.t.Helper()
	c.send(command)
	return c.answer()
}

// answer reads one, as on the wire but with spaces between its lines.
func (c *client) answer() string {
	c.t.Helper()
	line := c.line()
	switch n, _ := strconv.Atoi(line[1:]); {
	case line[0] == '$' && n >= 0:
		line += " " + c.line()
	case line[0] == '*':
		for range n {
			line += " " + c.answer()
		}
	}
	return line
}

func (c *client) line() string {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := c.read.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

package main

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"redlock-proxy/internal/redistest"
)

func write(t *testing.T, file, text string) string {
	t.Helper()
	if !filepath.IsAbs(file) {
		file = filepath.Join(t.TempDir(), file)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUsersFromAFile(t *testing.T) {
	t.Parallel()
	file := write(t, "users.acl", "# who may lock\nuser default off\nuser jobs on >pass-jobs ~jobs:* +@lock +ping\nuser admin on >pass-admin ~* +@all\n")
	r := start(t, "--aclfile="+file)
	if !strings.Contains(r.stderr.String(), "--user NAME --askpass") {
		t.Errorf("the line to try does not log in:\n%s", r.stderr)
	}
	jobs := func(args ...string) string {
		return cli(t, append([]string{"-p", r.port(), "--no-auth-warning", "--user", "jobs", "--pass", "pass-jobs"}, args...)...)
	}
	if got := lines(jobs("LOCK", "jobs:1", "60000")); len(got) != 2 {
		t.Errorf("LOCK jobs:1: %q", got)
	}
	if got := jobs("LOCK", "other", "60000"); !strings.HasPrefix(got, "NOPERM ") {
		t.Errorf("LOCK other: %q", got)
	}
	if got := cli(t, "-p", r.port(), "PING"); !strings.HasPrefix(got, "NOAUTH ") {
		t.Errorf("without a user: %q", got)
	}
	write(t, file, "user default on nopass ~* +ping\n")
	if got := cli(t, "-p", r.port(), "--no-auth-warning", "--user", "admin", "--pass", "pass-admin", "ACL", "LOAD"); got != "OK\n" {
		t.Errorf("ACL LOAD: %q", got)
	}
	if got := cli(t, "-p", r.port(), "PING"); got != "PONG\n" {
		t.Errorf("after ACL LOAD: %q", got)
	}
	if log := r.stderr.String(); strings.Contains(log, "pass-") {
		t.Errorf("a password is in the log:\n%s", log)
	}
}

func TestTLSToClientsAndNodes(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(t, "proxy")
	client, clientKey := a.Issue(t, "client")
	servers, addrs := redistest.StartTLS(t, 3, a)
	args := []string{"--tls-cert=" + cert, "--tls-key=" + key, "--tls-ca=" + a.File, "--node-tls-ca=" + a.File, "--node-tls-cert=" + cert, "--node-tls-key=" + key}
	for _, addr := range addrs {
		args = append(args, "--node=rediss://"+addr)
	}
	socket := filepath.Join(t.TempDir(), "s")
	// Beyond this machine too: client certificates keep strangers out.
	args = append(args, "--listen=unix://"+socket, "--listen=0.0.0.0:0")
	r := start(t, args...)
	if got := cli(t, "-s", socket, "PING"); got != "PONG\n" {
		t.Errorf("the unix socket is not plain: %q", got)
	}
	got := lines(cli(t, "-p", r.port(), "--tls", "--cacert", a.File, "--cert", client, "--key", clientKey, "LOCK", "jobs:42", "60000", "TOKEN", "tok-1"))
	if len(got) != 2 || got[0] != "tok-1" {
		t.Fatalf("LOCK over TLS at both ends: %q", got)
	}
	for _, s := range servers {
		eventually(t, "the lock is on the node", func() bool { return s.Client().Exists(t.Context(), "jobs:42").Val() == 1 })
	}
}

// With the wrong authority the nodes are not believed, and the reason is told.
func TestNodesOfAStrangerAreNotBelieved(t *testing.T) {
	t.Parallel()
	a, other := redistest.NewAuthority(t), redistest.NewAuthority(t)
	_, addrs := redistest.StartTLS(t, 1, a)
	r := start(t, "--node=rediss://"+addrs[0], "--node-tls-ca="+other.File)
	if got := cli(t, "-p", r.port(), "LOCK", "a", "60000"); !strings.Contains(got, "NOQUORUM") || !strings.Contains(got, "certificate") {
		t.Errorf("LOCK: %q", got)
	}
}

func TestSIGHUPLoadsCertificatesAndUsers(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(t, "proxy")
	users := write(t, "users.acl", "user default on nopass ~* +@all\n")
	p := startProcess(t, "--tls-cert="+cert, "--tls-key="+key, "--aclfile="+users)
	old := p.dialTLS(t, a)
	was := serial(old)
	if got := exchange(old, "PING\r\n"); got != "+PONG\r\n" {
		t.Fatal(got)
	}

	a.Issue(t, "proxy") // the same files
	p.hangUp(t, `"certificates loaded, for new connections"`)
	if serial(p.dialTLS(t, a)) == was {
		t.Error("after SIGHUP the old certificate is served")
	}
	if got := exchange(old, "PING\r\n"); got != "+PONG\r\n" {
		t.Errorf("an open connection did not live through SIGHUP: %q", got)
	}

	write(t, users, "user default on nopass ~* nonsense\n")
	p.hangUp(t, `"ACL file not loaded, the users stay as they were"`)
	if got := exchange(old, "PING\r\n"); got != "+PONG\r\n" {
		t.Errorf("a broken ACL file had an effect: %q", got)
	}
	write(t, users, "user default on nopass ~* +ping\n")
	p.hangUp(t, `"ACL file loaded"`)
	if got := exchange(p.dialTLS(t, a), "LOCK a 60000\r\n"); !strings.HasPrefix(got, "-NOPERM") {
		t.Errorf("after SIGHUP the old users count: %q", got)
	}
}

func serial(c net.Conn) string {
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func (p *process) dialTLS(t *testing.T, a *redistest.Authority) *tls.Conn {
	t.Helper()
	c := tls.Client(p.dial(t), &tls.Config{RootCAs: a.Pool(), ServerName: "localhost"})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// hangUp sends SIGHUP and waits for what the log then says of it.
func (p *process) hangUp(t *testing.T, logged string) {
	t.Helper()
	before := len(p.stderr.String())
	if err := syscall.Kill(p.pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{logged, "certificates loaded"} { // which come last
		eventually(t, line, func() bool { return strings.Contains(p.stderr.String()[before:], line) })
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// reloaded is a program with a file, which tests change.
type reloaded struct {
	*unitProcess
	file string
	addr string
}

func startReloaded(t *testing.T, text string, args ...string) *reloaded {
	t.Helper()
	file := write(t, "proxy.yaml", text)
	p := unit{args: append([]string{"--listen=127.0.0.1:0", "--config", file}, args...)}.start(t, build(t))
	return &reloaded{p, file, p.stderr.await(t, `msg=listening address=(127\.0\.0\.1:\d+)`)}
}

// change writes the file, and waits for what the log then says.
func (r *reloaded) change(t *testing.T, text, logged string) {
	t.Helper()
	write(t, r.file, text)
	before := len(r.stderr.String())
	r.signal(t, syscall.SIGHUP)
	eventually(t, logged+" in "+r.stderr.String(), func() bool { return strings.Contains(r.stderr.String()[before:], logged) })
}

func (r *reloaded) cli(t *testing.T, args ...string) string {
	t.Helper()
	_, port, _ := strings.Cut(r.addr, ":")
	return strings.TrimSuffix(cli(t, append([]string{"-p", port, "--no-auth-warning"}, args...)...), "\n")
}

func TestSIGHUPChangesThePassword(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "requirepass: first-secret\n")
	old := r.talk(t)
	old.do(t, "+OK", "AUTH", "first-secret")
	old.do(t, "tok-1", "LOCK", "a", "60000", "TOKEN", "tok-1")

	r.change(t, "requirepass: other-secret\n", "changed=[requirepass]")
	old.wantEnd(t)
	if got := r.cli(t, "-a", "first-secret", "PING"); !strings.Contains(got, "NOAUTH") && !strings.Contains(got, "WRONGPASS") {
		t.Errorf("the old password: %q", got)
	}
	if got := r.cli(t, "-a", "other-secret", "UNLOCK", "a", "tok-1"); got != "1" {
		t.Errorf("the lock did not outlive the change: %q", got)
	}

	good := r.talk(t)
	good.do(t, "+OK", "AUTH", "other-secret")
	r.change(t, "requirepass: [no, list]\n", "configuration not loaded, all settings stay as they were")
	r.change(t, "requirepass: third-secret\nmax-ttl: 99h\n", "--max-ttl=99h0m0s")
	good.do(t, "+PONG", "PING")
	if log := r.stderr.String(); strings.Contains(log, "secret") {
		t.Errorf("a password is in the log:\n%s", log)
	}
}

// TestSIGHUPLetsNobodyIn: a password can not be taken away where strangers can
// reach the proxy, whatever the file now says of the addresses.
func TestSIGHUPLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "requirepass: first-secret\n", "--listen=0.0.0.0:0")
	r.change(t, "listen: ['127.0.0.1:0']\n", "anybody who reaches this address could take and release locks")
	if got := r.cli(t, "PING"); !strings.Contains(got, "NOAUTH") {
		t.Errorf("PING without a password: %q", got)
	}
}

func TestSIGHUPTellsWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "log-level: info\nmax-ttl: 1m\n", "--max-clients=100")
	r.change(t, "log-level: warn\nmax-ttl: 2m\nretry-count: 3\nmax-clients: 7\n",
		`msg="these settings differ from what runs, and count after a restart only" flags="[max-ttl retry-count]"`)
	if got := r.cli(t, "CONFIG", "GET", "max-ttl"); got != "max-ttl\n1m0s" {
		t.Errorf("CONFIG GET: %q", got)
	}
	before := r.stderr.String()
	r.change(t, "log-level: warn\nmax-ttl: 1m\nretry-count: x\n", "configuration not loaded")
	if got := strings.TrimPrefix(r.stderr.String(), before); strings.Contains(got, "level=INFO") {
		t.Errorf("the level was not changed:\n%s", got)
	}
	r.change(t, "log-level: info\nmax-ttl: 1m\n", `msg="configuration loaded" changed=[log-level]`)
}

// TestSIGHUPChangesTheNodesPasswords: open connections stay, and new ones log
// in with the new password.
func TestSIGHUPChangesTheNodesPasswords(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	nodes := func(password string) string {
		text := "node:\n"
		for _, s := range servers {
			text += fmt.Sprintf("- redis://:%s@%s\n", password, s.Addr())
		}
		return text
	}
	setPasswords(t, servers, "", "first-secret")
	r := startReloaded(t, nodes("first-secret"))
	if got := r.cli(t, "LOCK", "a", "60000", "TOKEN", "tok-1"); !strings.HasPrefix(got, "tok-1\n") {
		t.Fatalf("LOCK: %q", got)
	}
	setPasswords(t, servers, "first-secret", "other-secret")
	eventually(t, "the proxy is locked out", func() bool {
		return strings.Contains(r.cli(t, "LOCK", "b", "1000"), "WRONGPASS")
	})
	r.change(t, nodes("other-secret"), "changed=[node]")
	eventually(t, "the nodes are used again", func() bool {
		return strings.HasPrefix(r.cli(t, "LOCK", "b", "1000", "TOKEN", "tok-2"), "tok-2\n")
	})
	if got := r.cli(t, "UNLOCK", "a", "tok-1"); got != "1" {
		t.Errorf("UNLOCK: %q", got)
	}
	r.change(t, strings.Replace(nodes("other-secret"), "127.0.0.1", "localhost", 1), "flags=[node]")
	if log := r.stderr.String(); strings.Contains(log, "secret") {
		t.Errorf("a password is in the log:\n%s", log)
	}
}

// setPasswords changes those of the servers, and cuts off who is connected.
func setPasswords(t *testing.T, servers []*redistest.Server, old, password string) {
	t.Helper()
	for _, s := range servers {
		c := redis.NewClient(&redis.Options{Addr: s.Addr(), Password: old})
		for _, command := range [][]any{{"CONFIG", "SET", "requirepass", password}, {"CLIENT", "KILL", "TYPE", "normal"}} {
			if err := c.Do(t.Context(), command...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close()
	}
}

func (r *reloaded) talk(t *testing.T) *talk {
	t.Helper()
	return (&process{addr: r.addr}).talk(t)
}

// A file that is gone keeps the old settings, like one that is broken.
func TestSIGHUPWithoutItsFile(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "requirepass: first-secret\n")
	if err := os.Remove(r.file); err != nil {
		t.Fatal(err)
	}
	before := len(r.stderr.String())
	r.signal(t, syscall.SIGHUP)
	eventually(t, "the log says so", func() bool {
		return strings.Contains(r.stderr.String()[before:], filepath.Base(r.file)+": no such file")
	})
	if got := r.cli(t, "-a", "first-secret", "PING"); got != "PONG" {
		t.Errorf("PING: %q", got)
	}
}

// TestSIGHUPChangesTheNodesCertificates: of both sides, with an authority that
// neither had. Connections that are open stay.
func TestSIGHUPChangesTheNodesCertificates(t *testing.T) {
	t.Parallel()
	first, second := redistest.NewAuthority(t), redistest.NewAuthority(t)
	servers, addrs := redistest.StartTLS(t, 3, first)
	ca, cert, key := write(t, "ca.pem", ""), write(t, "cert.pem", ""), write(t, "key.pem", "")
	issue := func(a *redistest.Authority) {
		c, k := a.Issue(t, "proxy")
		for file, from := range map[string]string{ca: a.File, cert: c, key: k} {
			write(t, file, readFile(t, from))
		}
	}
	issue(first)
	nodes := "node: [rediss://" + strings.Join(addrs, ", rediss://") + "]\n"
	r := startReloaded(t, nodes, "--node-tls-ca="+ca, "--node-tls-cert="+cert, "--node-tls-key="+key)
	lock := func() string { return r.cli(t, "LOCK", "a", "60000", "TOKEN", "tok-1") }
	if got := lock(); !strings.HasPrefix(got, "tok-1\n") {
		t.Fatalf("LOCK: %q", got)
	}

	theirs, theirKey := second.Issue(t, "redis")
	for _, s := range servers {
		for _, command := range [][]any{
			{"CONFIG", "SET", "tls-ca-cert-file", second.File, "tls-cert-file", theirs, "tls-key-file", theirKey},
			{"CLIENT", "KILL", "TYPE", "normal"}, {"CLIENT", "KILL", "TYPE", "pubsub"},
		} {
			if err := s.Client().Do(t.Context(), command...).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "the nodes are not believed any more", func() bool { return strings.Contains(lock(), "certificate signed by unknown authority") })
	issue(second)
	r.change(t, nodes, "certificates for the nodes loaded, for new connections")
	eventually(t, "the nodes are used again", func() bool { return strings.HasPrefix(lock(), "tok-1\n") })

	write(t, cert, "nonsense")
	r.change(t, nodes, "configuration not loaded, all settings stay as they were\" err=\"--node-tls-cert="+cert)
	for _, s := range servers {
		if err := s.Client().Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal").Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the certificates of before count", func() bool { return strings.HasPrefix(lock(), "tok-1\n") })
}

// TestSIGHUPChangesTheAdminPassword, and takes it away from nobody who can be
// reached by strangers.
func TestSIGHUPChangesTheAdminPassword(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "admin-password: first-secret\n", "--admin=0.0.0.0:0")
	port := r.stderr.await(t, `msg="serving metrics and health" address=\[::\]:(\d+)`)
	wants := func(password string, want int) {
		t.Helper()
		a := adminAddress{url: "http://127.0.0.1:" + port, password: password}
		if status, body := a.get(t, "/metrics"); status != want {
			t.Errorf("/metrics with the password %q: %d %.99s, want %d", password, status, body, want)
		}
	}
	wants("first-secret", 200)
	r.change(t, "admin-password: other-secret\n", "changed=[admin-password]")
	wants("first-secret", 401)
	wants("other-secret", 200)
	r.change(t, "log-level: info\n", "anybody who reaches this address could look; set --admin-password")
	wants("other-secret", 200)
	r.change(t, "admin-password: third-secret\nadmin: 127.0.0.1:0\n", "changed=[admin-password]")
	wants("third-secret", 200)
	if log := r.stderr.String(); strings.Contains(log, "secret") {
		t.Errorf("a password is in the log:\n%s", log)
	}
}

// TestSIGHUPAddsNoAdminAddress: that takes a restart, with its password.
func TestSIGHUPAddsNoAdminAddress(t *testing.T) {
	t.Parallel()
	r := startReloaded(t, "log-level: info\n")
	r.change(t, "admin-password: first-secret\nadmin: 127.0.0.1:0\n", `count after a restart only" flags="[admin admin-password]"`)
}

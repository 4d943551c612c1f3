package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

func TestRedisCLIOnTheEmbeddedDefault(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "proxy.sock")
	r := start(t, "--listen=unix://"+socket)
	if !strings.Contains(r.stderr.String(), "every lock is lost when it ends") {
		t.Errorf("no loud notice:\n%s", r.stderr)
	}
	for name, how := range map[string][]string{
		"RESP2":       {"-p", r.port()},
		"RESP3":       {"-3", "-p", r.port()},
		"unix socket": {"-s", socket},
	} {
		do := func(args ...string) []string { return lines(cli(t, append(how, args...)...)) }
		got := do("LOCK", "jobs:42", "10000")
		if len(got) != 2 || !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(got[0]) {
			t.Fatalf("%s: LOCK gave %q, want token and validity", name, got)
		}
		if validity, err := strconv.Atoi(got[1]); err != nil || validity < 5000 || validity > 9898 {
			t.Errorf("%s: validity %q, want just under 9898", name, got[1])
		}
		for what, c := range map[string]struct {
			got  []string
			want string
		}{
			"second LOCK":   {do("LOCK", "jobs:42", "10000"), ""},
			"TRYLOCK":       {do("trylock", "jobs:42", "10000"), ""},
			"foreign token": {do("UNLOCK", "jobs:42", "other"), "0"},
		} {
			if strings.Join(c.got, "|") != c.want {
				t.Errorf("%s: %s gave %q, want %q", name, what, c.got, c.want)
			}
		}
		if v := do("EXTEND", "jobs:42", got[0], "20000"); len(v) != 1 || len(v[0]) != 5 {
			t.Errorf("%s: EXTEND gave %q, want a validity near 19798", name, v)
		}
		if v := do("UNLOCK", "jobs:42", got[0]); strings.Join(v, "|") != "1" {
			t.Errorf("%s: UNLOCK gave %q, want 1", name, v)
		}
		if v := do("EXTEND", "jobs:42", got[0], "20000"); strings.Join(v, "|") != "0" {
			t.Errorf("%s: EXTEND after UNLOCK gave %q, want 0", name, v)
		}
	}
}

func TestEmbeddedLocksLapseByTheClock(t *testing.T) {
	t.Parallel()
	r := start(t)
	if got := cli(t, "-p", r.port(), "LOCK", "a", "200"); got == "\n" {
		t.Fatal("the first LOCK got null")
	}
	for end := time.Now().Add(10 * time.Second); cli(t, "-p", r.port(), "LOCK", "a", "200") == "\n"; {
		if time.Now().After(end) {
			t.Fatal("a lock of 200 ms has not lapsed")
		}
	}
}

// TestRealNodesAndASignal runs the built program as an operator would.
func TestRealNodesAndASignal(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "redlock-proxy")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	servers := redistest.Start(t, 3)
	args := []string{"--listen=127.0.0.1:0"}
	for _, s := range servers {
		args = append(args, "--node=redis://"+s.Addr())
	}
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Env = append(os.Environ(), "REDLOCK_REQUIREPASS=open sesame")
	stderr := newOutput()
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	addr := stderr.await(t, `msg=listening address=127\.0\.0\.1:(\d+)`)
	if got := cli(t, "-p", addr, "LOCK", "a", "60000"); !strings.Contains(got, "NOAUTH") {
		t.Errorf("LOCK without a password: %q", got)
	}
	got := lines(cli(t, "-p", addr, "--no-auth-warning", "-a", "open sesame", "LOCK", "a", "60000", "TOKEN", "secret token"))
	if len(got) != 2 || got[0] != "secret token" {
		t.Fatalf("LOCK: %q", got)
	}
	for _, s := range servers {
		eventually(t, "the lock is a string on a node", func() bool { // the last one may answer late
			return s.Client().Type(t.Context(), "a").Val() == "string"
		})
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, stderr)
	}
	for _, secret := range []string{"secret token", "open sesame"} {
		if bytes.Contains([]byte(stderr.String()), []byte(secret)) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestWarnsOfOneAndOfAnEvenNumberOfNodes(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 2)
	one := start(t, "--node=redis://"+servers[0].Addr())
	one.stderr.await(t, "one node is no quorum")
	two := start(t, "--node=redis://"+servers[0].Addr(), "--node=redis://"+servers[1].Addr())
	two.stderr.await(t, "an even number of nodes")
}

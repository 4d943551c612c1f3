package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWrongFlags: exit code 2 and one sentence that names the flag and the
// value.
func TestWrongFlags(t *testing.T) {
	t.Parallel()
	file := func(text string) string { return "--config=" + write(t, "config.yaml", text) }
	open := write(t, "users.acl", "user default on nopass ~* +@all\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nosuch"}, "unknown flag --nosuch"},
		{[]string{"nosuch"}, "unexpected argument nosuch"},
		{[]string{"relpace"}, "unexpected argument relpace, did you mean replace?"},
		{[]string{"chek", "--node=x"}, "unexpected argument chek, did you mean check?"},
		{[]string{"--max-ttl=5x"}, `--max-ttl: expected duration but got "5x": time: unknown unit "x" in duration "5x"`},
		{[]string{"--max-ttl=30h"}, "--max-ttl=30h0m0s: must be within 10ms and 24h"},
		{[]string{"--drift-factor=0"}, "--drift-factor=0: must be at least 0.001 and below 0.5"},
		{[]string{"--drift-factor=0.7"}, "--drift-factor=0.7: must be at least 0.001 and below 0.5"},
		{[]string{"--node-timeout=0s"}, "--node-timeout=0s: must be within 1ms and 1m"},
		{[]string{"--max-clients=0"}, "--max-clients=0: must be within 1 and 1000000"},
		{[]string{"--idle-timeout=-1s"}, "--idle-timeout=-1s: must be 0s, which is never, or at least 1s"},
		{[]string{"--drain-timeout=1h"}, "--drain-timeout=1h0m0s: must be within 0s and 10m0s"},
		{[]string{"--log-level=loud"}, `--log-level must be one of "debug","info","warn","error" but got "loud"`},
		{[]string{"--unix-socket-mode=rwx"}, "--unix-socket-mode=rwx: must be octal permissions such as 0700, 0770 or 0777, with which the proxy's own user may write"},
		{[]string{"--unix-socket-mode=1777"}, "--unix-socket-mode=1777: must be octal permissions such as 0700, 0770 or 0777, with which the proxy's own user may write"},
		{[]string{"--listen=7379"}, "--listen=7379: write host:port or unix:///path"},
		{[]string{"--listen=unix://sock"}, "--listen=unix://sock: write unix:///path with three slashes"},
		{[]string{"--listen=0.0.0.0:0"}, "--listen=0.0.0.0:0: anybody who reaches this address could take and release locks; set --requirepass, --aclfile or --tls-ca, or --protected-mode=no if the network keeps strangers out"},
		{[]string{"--listen=:0"}, "--listen=:0: anybody who reaches this address could take and release locks; set --requirepass, --aclfile or --tls-ca, or --protected-mode=no if the network keeps strangers out"},
		{[]string{"--node=redis://u:hidden@[bad"}, "--node number 1: not a url of the form redis://[user:pass@]host:port[/db], rediss://... or unix:///path; is redis:// missing in front, or are there commas instead of spaces between?"},
		{[]string{"--node=redis://127.0.0.1:1/0", "--node=redis://127.0.0.1:1/1"}, "--node=127.0.0.1:1 is there twice; each node must be a Redis of its own"},
		{[]string{"--key-prefix=__redlock:x"}, "--key-prefix=__redlock:x: __redlock: is for the proxies' own keys"},
		{[]string{"--requirepass=hidden", "--aclfile=x"}, "--requirepass and --aclfile: use one; the password can be that of the user default in the file"},
		{[]string{"--aclfile=/nosuch/file"}, "--aclfile=/nosuch/file: stat /nosuch/file: no such file or directory"},
		{[]string{"--listen=0.0.0.0:0", "--aclfile=" + open}, "--aclfile=" + open + ": ACL file: the user default needs no password there, so anybody who reaches the proxy could come in; set it off, or --protected-mode=no if the network keeps strangers out"},
		{[]string{"--aclfile=/dev/null"}, "--aclfile=/dev/null: /dev/null is not a regular file"},
		{[]string{"--admin=0.0.0.0:0"}, "--admin=0.0.0.0:0: anybody who reaches this address could look; set --admin-password, or use 127.0.0.1"},
		{[]string{"--admin=:0", "--protected-mode=no"}, "--admin=:0: anybody who reaches this address could look; set --admin-password, or use 127.0.0.1"},
		{[]string{"--admin=9100"}, "--admin=9100: write host:port or unix:///path"},
		{[]string{"--admin=unix://x"}, "--admin=unix://x: write unix:///path with three slashes"},
		{[]string{"--admin-password=hidden"}, "--admin-password: of no use without --admin"},
		{[]string{"--tls-cert=x"}, "--tls-cert and --tls-key: one is of no use without the other"},
		{[]string{"--tls-ca=x"}, "--tls-ca: of no use without --tls-cert and --tls-key"},
		{[]string{"--tls-cert=/nosuch/file", "--tls-key=/nosuch/key"}, "--tls-cert=/nosuch/file --tls-key=/nosuch/key --tls-ca=: open /nosuch/file: no such file or directory"},
		{[]string{"--node-tls-cert=x", "--node=rediss://127.0.0.1:1"}, "--node-tls-cert and --node-tls-key: one is of no use without the other"},
		{[]string{"--node-tls-ca=x", "--node=redis://127.0.0.1:1"}, "--node-tls-ca and --node-tls-cert: of no use without a --node that begins with rediss://"},
		{[]string{"--node-tls-ca=/nosuch/file", "--node=rediss://127.0.0.1:1"}, "--node-tls-ca: open /nosuch/file: no such file or directory"},
		{[]string{file("max-ttl: 30h")}, "--max-ttl=30h0m0s: must be within 10ms and 24h"},
		{[]string{"--config=/nosuch/file"}, "--config=/nosuch/file: no such file or directory"},
	} {
		stderr := newOutput()
		code := run(t.Context(), c.args, io.Discard, stderr)
		got := strings.TrimSuffix(stderr.String(), "\n")
		if code != exitUsage || got != "redlock-proxy: "+c.want {
			t.Errorf("%q: exit code %d and\n  %q, want 2 and\n  %q", c.args, code, got, "redlock-proxy: "+c.want)
		}
		if strings.Contains(got, "hidden") {
			t.Errorf("%q: the password is shown", c.args)
		}
	}
}

// TestWrongFile: the sentence names file, line and key, and shows no password.
func TestWrongFile(t *testing.T) {
	t.Parallel()
	const shape = "not a YAML file with a flag and its value on each line, as in max-ttl: 5m"
	for _, c := range []struct{ text, want string }{
		{"max-tll: 5s", " line 1: max-tll: not the name of a flag for the file"},
		{"# nodes\n\nmax-ttl: 1m\nconfig: other.yaml\n", " line 4: config: not the name of a flag for the file"},
		{"version: yes", " line 1: version: not the name of a flag for the file"},
		{"]", " line 1: " + shape},
		{"requirepass: \"hidden\n", " line 2: " + shape},
		{"hidden", " line 1: " + shape},
		{"- requirepass: hidden", " line 1: " + shape},
		{"max-ttl: 1m\nidle-timeout: 300", ` line 2: idle-timeout: expected duration but got "300": time: missing unit in duration "300"`},
		{"max-clients: many", ` line 1: max-clients: expected a valid 64 bit int but got "many"`},
		{"drift-factor: [0.1]", " line 1: drift-factor: takes a plain value"},
		{"first-start: never", " line 1: first-start: must be one of auto, wait, force"},
		{"requirepass: [a, hidden]", " line 1: requirepass: takes a plain value"},
		{"requirepass: {a: hidden}", " line 1: requirepass: takes a plain value"},
		{"requirepass:", " line 1: requirepass: has no value; take the line out for the default"},
		{"listen: [[a]]", " line 1: listen: is a list of plain values"},
		{"max-ttl: 1m\nlog-level: info\nmax-ttl: 2m", " line 3: max-ttl: is there twice, first on line 1"},
	} {
		path := write(t, "config.yaml", c.text)
		stderr := newOutput()
		code := run(t.Context(), []string{"--config", path}, io.Discard, stderr)
		got := strings.TrimSuffix(stderr.String(), "\n")
		if want := "redlock-proxy: --config=" + path + c.want; code != exitUsage || got != want {
			t.Errorf("%q: exit code %d and\n  %q, want 2 and\n  %q", c.text, code, got, want)
		}
		if strings.Contains(got, "hidden") {
			t.Errorf("%q: the password is shown", c.text)
		}
	}
}

func TestAddressInUseIsAFailureWhileRunning(t *testing.T) {
	t.Parallel()
	r := start(t)
	stderr := newOutput()
	code := run(t.Context(), []string{"--listen=" + r.addr}, io.Discard, stderr)
	if code != exitFailure || !strings.Contains(stderr.String(), "--listen="+r.addr) {
		t.Errorf("exit code %d, want 1 and the flag:\n%s", code, stderr)
	}
}

// TestPrecedence: the command line, then the environment, then the file.
func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	text := "max-ttl: 1m\nnode-timeout: 1s\nmax-clients: 7\nrequirepass: 0123\nlisten: ['127.0.0.1:1', 'unix:///tmp/x']\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDLOCK_NODE_TIMEOUT", "2s")
	t.Setenv("REDLOCK_MAX_CLIENTS", "8")
	t.Setenv("REDLOCK_NODE", "redis://a:1 redis://b:1 redis://c:1")
	g, err := parse([]string{"--config=" + path, "--max-clients=9"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c := g.program.Serve.config
	if c.Requirepass != "0123" {
		t.Errorf("a password of digits became %q", c.Requirepass)
	}
	if c.MaxTTL != time.Minute || c.NodeTimeout != 2*time.Second || c.MaxClients != 9 || len(c.Listen) != 2 || len(c.Node) != 3 {
		t.Errorf("got max-ttl %v (file: 1m), node-timeout %v (environment: 2s), max-clients %d (flag: 9), listen %q (file), node %q (environment)",
			c.MaxTTL, c.NodeTimeout, c.MaxClients, c.Listen, c.Node)
	}
}

// TestAFileWithPasswordsThatOthersMayRead is warned of, and one without is not.
func TestAFileWithPasswordsThatOthersMayRead(t *testing.T) {
	t.Parallel()
	const warning = "others may read the file of --config"
	for _, c := range []struct {
		text string
		mode os.FileMode
		want bool
	}{
		{"requirepass: hidden", 0o644, true},
		{"requirepass: hidden", 0o640, false},
		{"max-ttl: 1m", 0o644, false},
		{"node: ['redis://:hidden@127.0.0.1:1', 'redis://127.0.0.1:2', 'redis://127.0.0.1:3']", 0o644, true},
	} {
		path := write(t, "config.yaml", c.text)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		g, err := parse([]string{"--config", path}, io.Discard, io.Discard)
		if err != nil || g.file.exposed() != c.want {
			t.Errorf("%q with %v: exposed %v (%v), want %v", c.text, c.mode, !c.want, err, c.want)
		}
		if strings.HasPrefix(c.text, "req") {
			r := start(t, "--config", path)
			if got := strings.Contains(r.stderr.String(), warning); got != c.want {
				t.Errorf("warned %v, want %v:\n%s", got, c.want, r.stderr)
			}
		}
	}
}

func TestConfigFileFromTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("max-ttl: 30h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDLOCK_CONFIG", path)
	stderr := newOutput()
	if code := run(context.Background(), nil, io.Discard, stderr); code != exitUsage || !strings.Contains(stderr.String(), "--max-ttl=30h") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// TestTheEnvironmentAnswersNothing: a variable that some images set would
// otherwise end every subcommand with the version and the exit code 0.
func TestTheEnvironmentAnswersNothing(t *testing.T) {
	t.Setenv("REDLOCK_VERSION", "1.2.3")
	t.Setenv("REDLOCK_PRINT", "true")
	t.Setenv("REDLOCK_HELP", "true")
	for _, args := range [][]string{{"check"}, {"replace"}, {"run"}, {"serve", "--max-clients=0"}, {"ping", "--listen=unix:///nosuch"}} {
		stdout, stderr := newOutput(), newOutput()
		if code := run(t.Context(), args, stdout, stderr); code == exitClean || stdout.String() != "" {
			t.Errorf("%q: exit code %d and %q", args, code, stdout)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	stdout := newOutput()
	if code := run(t.Context(), []string{"version"}, stdout, io.Discard); code != exitClean || !strings.HasPrefix(stdout.String(), "redlock-proxy "+release) {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	stdout = newOutput()
	if code := run(t.Context(), []string{"serve", "--help"}, stdout, io.Discard); code != exitClean || !strings.Contains(stdout.String(), "$REDLOCK_MAX_TTL") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	if !strings.Contains(stdout.String(), "embedded") {
		t.Errorf("serve --help does not tell of the embedded nodes:\n%s", stdout)
	}
	for _, c := range []struct{ name, without, begins string }{
		{"check", "embedded", "Usage: redlock-proxy check [flags]\n"},
		{"replace", "embedded", "Usage: redlock-proxy replace [flags]\n"},
		{"run", "<command> ... [flags]", "Usage: redlock-proxy run [flags] RESOURCE -- CMD ARGS\n"},
	} {
		stdout = newOutput()
		if code := run(t.Context(), []string{c.name, "--help"}, stdout, io.Discard); code != exitClean || !strings.HasPrefix(stdout.String(), c.begins) || strings.Contains(stdout.String(), c.without) {
			t.Errorf("%s --help: exit code %d, wanted at its begin %q and nowhere %q:\n%s", c.name, code, c.begins, c.without, stdout)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// settings are the flags of serve as a file may have them: none is the default, and
// together they are allowed but for aclfile, which excludes requirepass.
var settings = []struct{ name, value, means string }{
	{"listen", "['127.0.0.1:1', 'unix:///nosuch/s']", "[127.0.0.1:1 unix:///nosuch/s]"},
	{"unix-socket-mode", "0770", "0770"},
	{"node", "[rediss://a:1, 'redis://b:1', 'redis://c:1']", "[rediss://a:1 redis://b:1 redis://c:1]"},
	{"key-prefix", "'locks:'", "locks:"},
	{"drift-factor", "0.02", "0.02"},
	{"max-ttl", "2m", "2m0s"},
	{"node-timeout", "1s", "1s"},
	{"node-tls-ca", "ca.pem", "ca.pem"},
	{"node-tls-cert", "cert.pem", "cert.pem"},
	{"node-tls-key", "key.pem", "key.pem"},
	{"retry-count", "3", "3"},
	{"retry-delay", "50ms", "50ms"},
	{"retry-jitter", "0s", "0s"},
	{"max-block", "30s", "30s"},
	{"max-waiters", "10", "10"},
	{"max-waiters-per-resource", "5", "5"},
	{"first-start", "wait", "wait"},
	{"max-hold", "10m", "10m0s"},
	{"max-holds", "7", "7"},
	{"max-clients", "9", "9"},
	{"idle-timeout", "1m", "1m0s"},
	{"drain-timeout", "2s", "2s"},
	{"requirepass", "0123", "0123"},
	{"aclfile", "users.acl", "users.acl"},
	{"tls-cert", "cert.pem", "cert.pem"},
	{"tls-key", "key.pem", "key.pem"},
	{"tls-ca", "ca.pem", "ca.pem"},
	{"protected-mode", "'no'", "no"},
	{"admin", "127.0.0.1:2", "127.0.0.1:2"},
	{"admin-password", "'4567'", "4567"},
	{"log-level", "debug", "debug"},
	{"log-format", "json", "json"},
}

// TestEveryFlagOfServeCanBeInTheFile, with the value that stands there.
func TestEveryFlagOfServeCanBeInTheFile(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&text, "%s: %s\n", s.name, s.value)
	}
	usual, err := parse(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	g, err := parse([]string{"--config=" + write(t, "proxy.yaml", text.String())}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if got := fmt.Sprint(g.values[s.name]); got != s.means || got == fmt.Sprint(usual.values[s.name]) {
			t.Errorf("%s: %s is %s, want %s; by default it is %v", s.name, s.value, got, s.means, usual.values[s.name])
		}
		delete(g.values, s.name)
	}
	if len(g.values) > 0 {
		t.Errorf("flags of serve that are not tested: %v", g.values)
	}
}

// TestDocsTellWhatSIGHUPChanges: every setting is changed, and docs/deployment.md
// names those that then count.
func TestDocsTellWhatSIGHUPChanges(t *testing.T) {
	t.Parallel()
	var told []string
	for _, row := range regexp.MustCompile(`(?m)^\| [^|]+`).FindAllString(cut(t, readFile(t, "../../docs/deployment.md"), "## Changing settings while it runs", "## systemd"), -1) {
		for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(row, -1) {
			told = append(told, name[1])
		}
	}
	servers := redistest.Start(t, 3)
	nodes := func(password string) string {
		var urls []string
		for _, s := range servers {
			urls = append(urls, fmt.Sprintf("'redis://default:%s@%s'", password, s.Addr()))
		}
		return "node: [" + strings.Join(urls, ", ") + "]\n"
	}
	setPasswords(t, servers, "", "first-secret")
	r := startReloaded(t, nodes("first-secret")+"admin: 127.0.0.1:0\nadmin-password: first-secret\n")
	text := nodes("other-secret")
	for _, s := range settings {
		if s.name != "aclfile" && s.name != "node" && !strings.HasPrefix(s.name, "node-tls") {
			text += s.name + ": " + s.value + "\n"
		}
	}
	r.change(t, text, "these settings differ from what runs")
	changed := strings.Fields(r.stderr.await(t, `msg="configuration loaded" changed="?\[([^]]*)\]`))
	slices.Sort(changed)
	slices.Sort(told)
	if !slices.Equal(changed, told) {
		t.Errorf("what counts without a restart is %q, docs/deployment.md has %q", changed, told)
	}
}

package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// TestPing: any answer is a proxy that lives, by each kind of listener.
func TestPing(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(t, "proxy")
	plain := start(t, "--listen=unix://"+socket, "--unix-socket-mode=0770", "--requirepass=x")
	secure := start(t, "--tls-cert="+cert, "--tls-key="+key, "--tls-ca="+a.File)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--listen=unix://" + socket}, exitClean, "NOAUTH"},
		{[]string{"--listen=:" + plain.port()}, exitClean, "NOAUTH"},
		{[]string{"--listen=" + secure.addr, "--tls-cert=" + cert}, exitClean, "it asks for a certificate"},
		{[]string{"--listen=unix://" + socket + "x"}, exitFailure, "no answer"},
	} {
		out := newOutput()
		if code := run(t.Context(), append([]string{"ping"}, c.args...), out, out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("ping %q: exit code %d and %q, want %d and %q", c.args, code, out, c.code, c.want)
		}
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("the socket has %v (%v), want the mode of the flag", info.Mode(), err)
	}
}

// TestDockerfileFitsTheProgram: no Docker runs in the tests, so that what it
// names is compared with what there is.
func TestDockerfileFitsTheProgram(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"make dist", "\nARG TARGETOS TARGETARCH\n", "\nFROM scratch\n", "\nUSER 65534:65534\n", "\nEXPOSE 7379\n",
		"\nENTRYPOINT [\"/redlock-proxy\"]\n", `CMD ["/redlock-proxy", "ping"]`, "\nENV REDLOCK_LISTEN=0.0.0.0:7379\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the Dockerfile", want)
		}
	}
	if set := regexp.MustCompile(`(?m)^ARG .*=.*`).FindString(string(text)); set != "" {
		t.Errorf("%q takes the place of what BuildKit sets for other platforms", set)
	}
	_, version, _ := strings.Cut(string(text), "\nFROM --platform=$BUILDPLATFORM golang:")
	version, _, _ = strings.Cut(version, " ")
	if !strings.Contains(string(module), "\ngo "+version) {
		t.Errorf("the Dockerfile builds with Go %s, go.mod says otherwise", version)
	}
	if left := lines(readFile(t, "../../.dockerignore")); !slices.Contains(left, "**/node_modules") || slices.Contains(left, ".git") {
		t.Errorf("what is left out is %q, want the folders of npm, and not .git, which has the commit", left)
	}
	for _, args := range [][]string{{"serve"}, {"ping"}} {
		if _, err := parse(args, io.Discard, io.Discard); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

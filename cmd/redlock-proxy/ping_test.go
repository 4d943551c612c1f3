package main

import (
	"io"
	"os"
	"path/filepath"
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
		"make dist", "\nFROM scratch\n", "\nUSER 65534:65534\n", "\nEXPOSE 7379\n",
		"\nENTRYPOINT [\"/redlock-proxy\"]\n", `CMD ["/redlock-proxy", "ping"]`, "\nENV REDLOCK_LISTEN=0.0.0.0:7379\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the Dockerfile", want)
		}
	}
	_, version, _ := strings.Cut(string(text), "FROM golang:")
	version, _, _ = strings.Cut(version, " ")
	if !strings.Contains(string(module), "\ngo "+version) {
		t.Errorf("the Dockerfile builds with Go %s, go.mod says otherwise", version)
	}
	for _, args := range [][]string{{"serve"}, {"ping"}} {
		if _, err := parse(args, io.Discard, io.Discard); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

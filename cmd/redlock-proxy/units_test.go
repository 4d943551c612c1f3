package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// settingsOf gives the lines of a unit, by their names.
func settingsOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, l := range lines(string(text)) {
		if name, value, is := strings.Cut(l, "="); is && !strings.HasPrefix(l, "#") {
			all[name] = append(all[name], value)
		}
	}
	return all
}

// TestUnitsFitTheProgram: what they name exists, and their times fit.
func TestUnitsFitTheProgram(t *testing.T) {
	t.Parallel()
	service, socket := settingsOf(t, "redlock-proxy.service"), settingsOf(t, "redlock-proxy.socket")
	words := strings.Fields(service["ExecStart"][0])
	file := write(t, "proxy.yaml", "max-ttl: 1m\n")
	at := slices.Index(words, "/etc/redlock-proxy/proxy.yaml")
	if at < 0 {
		t.Fatalf("ExecStart names no file: %q", words)
	}
	words[at] = file
	g, err := parse(words[1:], io.Discard, io.Discard)
	if err != nil {
		t.Fatalf("ExecStart: %v", err)
	}
	stop, err := time.ParseDuration(service["TimeoutStopSec"][0] + "s")
	if err != nil || stop <= g.program.Serve.DrainTimeout+quorumGrace {
		t.Errorf("TimeoutStopSec=%v (%v) is over before a drain is", stop, err)
	}
	if !slices.Contains(socket["ListenStream"], g.program.Serve.Listen[0]) {
		t.Errorf("the socket listens on %q, not where --listen does: %q", socket["ListenStream"], g.program.Serve.Listen)
	}
	for _, want := range []string{"Type=notify", "DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "ExecReload=/bin/kill -HUP $MAINPID"} {
		name, value, _ := strings.Cut(want, "=")
		if !slices.Contains(service[name], value) {
			t.Errorf("the service has no %s", want)
		}
	}
}

package main

import (
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// tool runs a subcommand to its end.
func tool(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, errs := newOutput(), newOutput()
	code = run(t.Context(), args, out, errs)
	return code, out.String(), errs.String()
}

func nodeFlags(servers []*redistest.Server) []string {
	var flags []string
	for _, s := range servers {
		flags = append(flags, "--node=redis://default:pw-secret@"+s.Addr())
	}
	return flags
}

// TestCheckTellsByItsExitCode, and shows no password.
func TestCheckTellsByItsExitCode(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	args := append([]string{"check", "--node-timeout=5s"}, nodeFlags(servers)...)
	code, stdout, stderr := tool(t, args...)
	if code != exitClean || stderr != "" || !strings.HasSuffix(stdout, "\nok     3 nodes, 2 needed, 0 may vote now: safe\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	servers[1].Kill()
	code, stdout, stderr = tool(t, args...)
	if code != exitFailure || stderr != "redlock-proxy: the nodes are not safe to lock on\n" ||
		!strings.Contains(stdout, "\nunsafe "+servers[1].Addr()+": does not answer") || !strings.Contains(stdout, "\nunsafe 3 nodes, 2 needed, 0 may vote now: not safe, 1 to mend\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, "pw-secret") {
		t.Errorf("a password is shown:\n%s%s", stdout, stderr)
	}
}

func TestWrongFlagsOfTools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		want string
	}{
		{"check", "--node: name the nodes to look at"},
		{"check --nosuch", "unknown flag --nosuch"},
		{"check --max-ttl=30h", "--max-ttl=30h0m0s: must be within 10ms and 24h"},
		{"check --listen=x --node=redis://127.0.0.1:1", "unknown flag --listen"},
		{"check --node=127.0.0.1:1", "--node number 1: not a url"},
	} {
		code, _, stderr := tool(t, strings.Fields(c.args)...)
		if code != exitUsage || !strings.HasPrefix(stderr, "redlock-proxy: "+c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", c.args, code, stderr)
		}
	}
}

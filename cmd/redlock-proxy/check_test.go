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
		{"replace", "--node and --old: name the nodes as they shall be"},
		{"replace --node=redis://127.0.0.1:1", "--old: name the node that leaves"},
		{"replace --old=redis://127.0.0.1:1", "--node: name the nodes as they shall be"},
		{"replace --node=redis://127.0.0.1:1 --old=pw-secret", "--old: not a url of the form redis://"},
	} {
		code, _, stderr := tool(t, strings.Fields(c.args)...)
		if code != exitUsage || !strings.HasPrefix(stderr, "redlock-proxy: "+c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", c.args, code, stderr)
		}
	}
}

// TestReplaceThenServe: what the operator does, with the program itself.
func TestReplaceThenServe(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 4)
	flags := nodeFlags(servers)
	start(t, append([]string{"--max-ttl=3s"}, flags[:3]...)...)
	servers[2].Kill()
	after := []string{flags[0], flags[1], flags[3], "--max-ttl=3s", "--node-timeout=5s"}
	code, stdout, stderr := tool(t, append([]string{"check"}, after...)...)
	if code != exitFailure || !strings.Contains(stdout, "unsafe "+servers[3].Addr()+": is no member of the others' quorum") {
		t.Errorf("check before: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, _, stderr = tool(t, append([]string{"replace", "--old=redis://nobody:1"}, after...)...)
	if want := "redlock-proxy: not replaced: no member is called nobody:1; they are called "; code != exitFailure || !strings.HasPrefix(stderr, want) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	old := "--old=" + strings.TrimPrefix(flags[2], "--node=")
	for range 2 { // again is as good
		code, stdout, stderr = tool(t, append([]string{"replace", old}, after...)...)
		if code != exitClean || !strings.HasPrefix(stdout, servers[3].Addr()+" is a member; proxies let it vote 4s after") || !strings.Contains(stdout, servers[2].Addr()+" was not told, and need not be (") {
			t.Errorf("replace: exit code %d\n%s%s", code, stdout, stderr)
		}
	}
	if strings.Contains(stdout+stderr, "pw-secret") {
		t.Errorf("a password is shown:\n%s%s", stdout, stderr)
	}
	start(t, after...)
	eventually(t, "all are members that vote", func() bool {
		code, stdout, _ = tool(t, append([]string{"check"}, after...)...)
		return code == exitClean && strings.HasSuffix(stdout, "3 nodes, 2 needed, 3 may vote now: safe\n")
	})
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestRun has the built program hold locks for shell commands, through proxies
// that use the same real nodes.
func TestRun(t *testing.T) {
	t.Parallel()
	first := startProcess(t)
	for name, scenario := range map[string]func(*testing.T, *process){
		"how the command ends":        runCodes,
		"what the command is given":   runGiven,
		"a file that others may read": runExposed,
		"a Redis instead of a proxy":  runAtARedis,
		"signals":                     runSignals,
		"held by another":             runHeld,
		"a signal during the wait":    runInterrupted,
		"no two at once":              runTurns,
		"a proxy dies":                runMovesOn,
		"a proxy stands still":        runMovesOnFromHung,
		"all proxies die":             runAllDie,
		"it stands still":             runStopped,
		"it is killed":                runKilled,
		"the lock is deleted":         runDeleted,
		"lost as the command ends":    runLostAtTheEnd,
		"other ways to the proxy":     runAddresses,
		"Ctrl-C at a terminal":        runTerminal,
		"nobody can tell who is next": runNoQuorum,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario(t, first)
		})
	}
}

// ran is the subcommand run, or what it has left behind.
type ran struct {
	cmd            *exec.Cmd
	stdout, stderr *output
}

// begin starts the subcommand; the words are flags, the resource and the rest.
func (p *process) begin(t *testing.T, words ...string) *ran {
	t.Helper()
	r := p.prepare(words...)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	})
	return r
}

func (p *process) prepare(words ...string) *ran {
	r := &ran{stdout: newOutput(), stderr: newOutput()}
	r.cmd = exec.Command(p.file, append([]string{"run"}, words...)...)
	r.cmd.Stdout, r.cmd.Stderr = r.stdout, r.stderr
	// What a descendant keeps open is no reason to wait.
	r.cmd.WaitDelay = 10 * time.Second
	return r
}

// end waits for the end and gives the exit code.
func (r *ran) end(t *testing.T) int {
	t.Helper()
	err := r.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, r.stderr)
	}
	return r.cmd.ProcessState.ExitCode()
}

// want waits for the end and compares the exit code and all of the output.
func (r *ran) want(t *testing.T, code int, stdout string) {
	t.Helper()
	if got := r.end(t); got != code || r.stdout.String() != stdout {
		t.Errorf("%q: exit code %d and %q, want %d and %q; stderr:\n%s", r.cmd.Args, got, r.stdout, code, stdout, r.stderr)
	}
}

// wantSaid looks for words in stderr.
func (r *ran) wantSaid(t *testing.T, words string) {
	t.Helper()
	if !strings.Contains(r.stderr.String(), words) {
		t.Errorf("%q: stderr lacks %q:\n%s", r.cmd.Args, words, r.stderr)
	}
}

// pid waits for a line of stdout that has the number of a process.
func (r *ran) pid(t *testing.T, name string) int {
	t.Helper()
	pid, err := strconv.Atoi(r.stdout.await(t, name+`=(\d+)\n`))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// alive says whether a process runs; one that has ended and was not waited for
// does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	rest := stat[bytes.LastIndexByte(stat, ')')+1:]
	return !bytes.HasPrefix(rest, []byte(" Z")) && !bytes.HasPrefix(rest, []byte(" X"))
}

func runCodes(t *testing.T, p *process) {
	addr := "--addr=" + p.addr
	for _, c := range []struct {
		words []string
		code  int
		said  string
	}{
		{[]string{"codes", "--", "true"}, 0, ""},
		{[]string{"codes", "--", "sh", "-c", "exit 3"}, 3, ""},
		{[]string{"codes", "--", "sh", "-c", "kill -USR1 $$"}, 128 + int(syscall.SIGUSR1), ""},
		{[]string{"codes", "--", "sh", "-c", "kill -KILL $$"}, 137, ""},
		{[]string{"codes", "--", "nosuch"}, 127, "nosuch: "},
		{[]string{"codes", "--", "/etc/passwd"}, 126, "permission denied"},
		{[]string{"codes"}, 2, "command"},
		{[]string{"", "--", "true"}, 2, "RESOURCE is empty: name what to lock"},
		{[]string{"codes", "echo", "--full"}, 2, "unknown flag --full; write -- in front of the command\n"},
		{[]string{"--full", "codes", "--", "echo"}, 2, "unknown flag --full\n"},
		{[]string{"--try", "--wait=5s", "codes", "--", "true"}, 2, "--try and --wait=5s: use one"},
		{[]string{"--try", "--wait=0s", "codes", "--", "true"}, 0, ""},
		{[]string{"--ttl=6m", "codes", "--", "true"}, 2, "--max-ttl"},
		{[]string{"--ttl=2s", "--grace=1s", "codes", "--", "true"}, 2, "--grace=1s: with --ttl=2s it must be within 0s and 800ms"},
		{[]string{"--ttl=9ms", "codes", "--", "true"}, 2, "--ttl=9ms: must be within 1s and 24h"},
		{[]string{"--wait=-1s", "codes", "--", "true"}, 2, "--wait=-1s: must not be negative"},
		{[]string{"--conflict-exit-code=256", "codes", "--", "true"}, 2, "--conflict-exit-code=256: must be within 0 and 255"},
		{[]string{"--addr=redis://u:hidden@[bad", "codes", "--", "true"}, 2, "--addr number 2: write host:port"},
		{[]string{"--addr-tls-key=x", "codes", "--", "true"}, 2, "--addr-tls-cert and --addr-tls-key: one is of no use without the other"},
		{[]string{"--addr-tls-ca=x", "codes", "--", "true"}, 2, "of no use without a --addr that begins with rediss://"},
	} {
		r := p.begin(t, append([]string{addr}, c.words...)...)
		r.want(t, c.code, "")
		r.wantSaid(t, c.said)
		if text := r.stderr.String(); strings.Contains(text, "hidden") || (text == "") != (c.said == "") {
			t.Errorf("%q: stderr is %q", c.words, text)
		}
	}
	p.wantNoKey(t, "codes")
}

// runGiven: stdin, the arguments and the environment, without passwords.
func runGiven(t *testing.T, p *process) {
	r := p.prepare("given", "--", "sh", "-c", `cat; echo "$1"; env | grep REDLOCK_ | sed "s/=[0-9]*$/=number/" | sort`, "sh", "--an argument")
	r.cmd.Stdin = strings.NewReader("the input\n")
	r.cmd.Env = append(os.Environ(), "REDLOCK_ADDR=redis://default:hidden@"+p.addr, "REDLOCK_TTL=20s", "REDLOCK_FENCE=outer",
		"REDLOCK_NODE=redis://:hidden@[bad", "REDLOCK_OLD=redis://:hidden@a:1")
	for _, name := range secretEnvs(t) {
		r.cmd.Env = append(r.cmd.Env, name+"=hidden")
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.want(t, 0, "the input\n--an argument\nREDLOCK_FENCE=number\nREDLOCK_RESOURCE=given\nREDLOCK_TTL=20s\n")
}

// secretEnvs are the names that passwords have in the environment.
func secretEnvs(t *testing.T) (names []string) {
	t.Helper()
	parser, err := newParser(&program{})
	if err != nil {
		t.Fatal(err)
	}
	for name, flag := range flagsByEnv(parser.Model) {
		if flag.Tag.Has("secret") {
			names = append(names, name)
		}
		if tagged, sounds := flag.Tag.Has("secret"), strings.Contains(strings.ToLower(name), "pass"); tagged != sounds {
			t.Errorf("%s: has the tag secret: %v", name, tagged)
		}
	}
	if len(names) != 3 {
		t.Errorf("the passwords are %q, want those of clients, of the admin address and of run", names)
	}
	return names
}

// runExposed: a file with a password that others may read is told of.
func runExposed(t *testing.T, p *process) {
	for mode, want := range map[os.FileMode]string{0o644: "redlock-proxy: exposed: others may read the file of --config", 0o600: ""} {
		file := write(t, "run.yaml", "password: hidden\naddr: ['"+p.addr+"']\n")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		r := p.begin(t, "--config="+file, "exposed", "--", "true")
		r.end(t)
		if text := r.stderr.String(); strings.Contains(text, "others may read") != (want != "") || !strings.Contains(text, want) || strings.Contains(text, "hidden") {
			t.Errorf("%v: stderr is %q, want in it %q", mode, text, want)
		}
	}
}

// runAtARedis: it is told for what it is, without what it repeats.
func runAtARedis(t *testing.T, p *process) {
	server := redistest.Start(t, 1)[0]
	r := p.begin(t, "--addr="+server.Addr(), "at a Redis", "--", "true")
	r.want(t, 2, "")
	if got, want := r.stderr.String(), "redlock-proxy: at a Redis: "+server.Addr()+": refused: it is a Redis, not a redlock-proxy: give the proxy's address with --addr\n"; got != want {
		t.Errorf("stderr is %q, want %q", got, want)
	}
}

func runSignals(t *testing.T, p *process) {
	script := `for s in HUP INT QUIT USR1 USR2; do trap "echo got $s" $s; done
		trap "exit 9" TERM
		echo ready
		while :; do sleep 0.01; done`
	r := p.begin(t, "--addr="+p.addr, "signals", "--", "sh", "-c", script)
	r.stdout.await(t, "ready")
	for name, s := range map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
	} {
		r.signal(t, s)
		r.stdout.await(t, "got "+name+"\n")
	}
	r.signal(t, syscall.SIGTERM)
	if got := r.end(t); got != 9 {
		t.Errorf("exit code %d, want 9 as the command has ended; stderr:\n%s", got, r.stderr)
	}
	for _, l := range lines(r.stdout.String()) {
		if strings.Count(r.stdout.String(), l+"\n") != 1 {
			t.Errorf("%q was not written once:\n%s", l, r.stdout)
		}
	}
}

func (r *ran) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func runHeld(t *testing.T, p *process) {
	fifo := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	one := p.another(t, "--max-block=300ms")
	addr, watch := "--addr="+one.addr, one.dial(t)
	holder := p.begin(t, addr, "held", "--", "sh", "-c", `echo "fence=$REDLOCK_FENCE"; cat "$0"`, fifo)
	before := holder.pid(t, "fence")
	try := p.begin(t, addr, "--try", "held", "--", "echo", "ran")
	try.want(t, 75, "")
	try.wantSaid(t, "redlock-proxy: held: held by another\n")
	quiet := p.begin(t, addr, "--try", "--conflict-exit-code=0", "held", "--", "echo", "ran")
	quiet.want(t, 0, "")
	if text := quiet.stderr.String(); text != "" {
		t.Errorf("with --conflict-exit-code=0 it says %q", text)
	}
	began := time.Now()
	p.begin(t, addr, "--wait=1s", "--conflict-exit-code=5", "held", "--", "echo", "ran").want(t, 5, "")
	if took := time.Since(began); took < time.Second || took > 3*time.Second {
		t.Errorf("--wait=1s took %v", took)
	}
	next := p.begin(t, addr, "held", "--", "sh", "-c", `echo "fence=$REDLOCK_FENCE"`)
	eventually(t, "it waits", func() bool { return one.blocked(t, watch) == 1 })
	if err := os.WriteFile(fifo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if after := next.pid(t, "fence"); after <= before {
		t.Errorf("fence %d came after %d", after, before)
	}
	if got := holder.end(t) + next.end(t); got != 0 {
		t.Errorf("exit codes of %d in all", got)
	}
}

func runInterrupted(t *testing.T, p *process) {
	one := p.another(t)
	holder := one.talk(t)
	holder.do(t, "tok-h", "LOCK", "interrupted", "60000", "TOKEN", "tok-h")
	r := p.begin(t, "--addr="+one.addr, "interrupted", "--", "echo", "ran")
	watch := one.dial(t)
	eventually(t, "it waits", func() bool { return one.blocked(t, watch) == 1 })
	r.signal(t, syscall.SIGTERM)
	r.want(t, 128+15, "")
	eventually(t, "nobody waits", func() bool { return one.blocked(t, watch) == 0 })
	holder.do(t, "1", "UNLOCK", "interrupted", "tok-h")
	p.wantNoKey(t, "interrupted")
}

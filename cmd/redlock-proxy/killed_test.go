package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProcessesThatEnd or stand still: clients and proxies, while they hold
// locks with AUTOEXTEND and while they wait. All proxies use the same nodes.
func TestProcessesThatEnd(t *testing.T) {
	t.Parallel()
	first := startProcess(t)
	for name, scenario := range map[string]func(*testing.T, *process){
		"a holder is killed":              killHolder,
		"one who waits is killed":         killWaiter,
		"a holder is stopped":             stopHolder,
		"a proxy is told to end":          func(t *testing.T, p *process) { endProxy(t, p, syscall.SIGTERM) },
		"a proxy is killed":               func(t *testing.T, p *process) { endProxy(t, p, syscall.SIGKILL) },
		"a client goes while it is ended": leaveDuringDrain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario(t, first)
		})
	}
}

func killHolder(t *testing.T, first *process) {
	one, two := first.another(t), first.another(t)
	for i, next := range []*talk{one.talk(t), two.talk(t)} {
		resource := fmt.Sprint("killed holder ", i)
		holder := startCLI(t, one)
		holder.say(t, `LOCK "`+resource+`" 60000 TOKEN tok-c AUTOEXTEND`, `tok-c\n\d+\n`)
		next.send(t, "LOCK", resource, "60000", "TOKEN", "tok-n", "BLOCK", "0")
		eventually(t, "the next waits", func() bool { return one.blocked(t, one.dial(t))+two.blocked(t, two.dial(t)) == 1 })
		holder.signal(t, syscall.SIGKILL)
		next.want(t, "tok-n") // or the test waits for a minute
		next.do(t, "1", "UNLOCK", resource, "tok-n")
	}
}

func killWaiter(t *testing.T, first *process) {
	p := first.another(t)
	holder, next, watch := p.talk(t), p.talk(t), p.dial(t)
	const resource = "killed waiter"
	holder.do(t, "tok-h", "LOCK", resource, "60000", "TOKEN", "tok-h")
	victim := startCLI(t, p)
	victim.say(t, `LOCK "`+resource+`" 60000 TOKEN tok-v BLOCK 0 AUTOEXTEND`, "")
	eventually(t, "it waits", func() bool { return p.blocked(t, watch) == 1 })
	next.send(t, "LOCK", resource, "60000", "TOKEN", "tok-n", "BLOCK", "0")
	eventually(t, "two wait", func() bool { return p.blocked(t, watch) == 2 })
	victim.signal(t, syscall.SIGKILL)
	eventually(t, "one waits", func() bool { return p.blocked(t, watch) == 1 })
	holder.do(t, "1", "UNLOCK", resource, "tok-h")
	next.want(t, "tok-n")
	next.do(t, "1", "UNLOCK", resource, "tok-n")
	first.wantNoKey(t, resource)
}

// stopHolder: a process that stands still has an open connection, and so its
// lock, until MAXHOLD.
func stopHolder(t *testing.T, first *process) {
	one, two := first.another(t), first.another(t)
	const resource, most = "stopped holder", 2500 * time.Millisecond
	holder, next := startCLI(t, one), two.talk(t)
	asked := time.Now()
	holder.say(t, `LOCK "`+resource+`" 1000 TOKEN tok-c AUTOEXTEND MAXHOLD 2500`, `tok-c\n\d+\n`)
	granted := time.Now()
	holder.signal(t, syscall.SIGSTOP)
	eventually(t, "it stands still", func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", holder.cmd.Process.Pid))
		return err == nil && strings.Contains(string(status), "\nState:\tT")
	})
	next.send(t, "LOCK", resource, "60000", "TOKEN", "tok-n", "BLOCK", "0")
	next.want(t, "tok-n")
	if held := time.Since(asked); held < most*2/3 {
		t.Errorf("the next had the lock after %v", held)
	}
	eventually(t, "MAXHOLD is over, with what is under way", func() bool { return time.Since(granted) > most+200*time.Millisecond })
	for _, n := range first.nodes {
		if v := n.Client().Get(t.Context(), resource).Val(); strings.HasPrefix(v, "tok-c") {
			t.Errorf("%s has the lock of the one who stands still after MAXHOLD", n.Addr())
		}
	}
	next.do(t, "1", "UNLOCK", resource, "tok-n")
}

// endProxy: who waits hears of a drain at once. What is held is not released, as
// the holders are still at work: it lasts for its ttl, and is taken up again by
// its token through another proxy.
func endProxy(t *testing.T, first *process, signal syscall.Signal) {
	one, two := first.another(t, "--drain-timeout=1s"), first.another(t)
	lapses, taken := fmt.Sprint("lapses ", signal), fmt.Sprint("taken up ", signal)
	holder, waiter, next, again := one.talk(t), one.talk(t), two.talk(t), two.talk(t)
	holder.do(t, "tok-c", "LOCK", lapses, "2000", "TOKEN", "tok-c", "AUTOEXTEND")
	holder.do(t, "tok-c", "LOCK", taken, "2000", "TOKEN", "tok-c", "AUTOEXTEND")
	waiter.send(t, "LOCK", lapses, "60000", "TOKEN", "tok-w", "BLOCK", "0")
	next.send(t, "LOCK", lapses, "60000", "TOKEN", "tok-n", "BLOCK", "0")
	eventually(t, "both wait", func() bool { return one.blocked(t, one.dial(t))+two.blocked(t, two.dial(t)) == 2 })
	if err := syscall.Kill(one.pid, signal); err != nil {
		t.Fatal(err)
	}
	if signal == syscall.SIGTERM {
		waiter.want(t, "-LEAVING this proxy is shutting down, use another one; UNLOCK and EXTEND still work here for a moment")
		holder.send(t, "EXTEND", taken, "tok-c", "2000")
		if got := holder.reply(t); !strings.HasPrefix(got, ":") || got == ":0" {
			t.Errorf("EXTEND during the drain: %s", got)
		}
	}
	holder.wantEnd(t)
	again.do(t, "tok-c", "LOCK", taken, "2000", "TOKEN", "tok-c", "AUTOEXTEND")
	began, lasts := time.Now(), first.lasts(t, lapses)
	if lasts <= 0 {
		t.Errorf("%s was released by the end of its proxy", lapses)
	}
	next.want(t, "tok-n")
	if took := time.Since(began); took < lasts-5*time.Millisecond {
		t.Errorf("the next had the lock after %v, while it lasted for %v", took, lasts)
	}
	next.do(t, "1", "UNLOCK", lapses, "tok-n")
	again.do(t, "1", "UNLOCK", taken, "tok-c")
	first.wantNoKey(t, lapses)
	first.wantNoKey(t, taken)
	if log := one.stderr.String(); strings.Contains(log, "tok-") {
		t.Errorf("a token is in the log:\n%s", log)
	}
}

// leaveDuringDrain: that is the client's doing, and gives its lock back.
func leaveDuringDrain(t *testing.T, first *process) {
	one, two := first.another(t, "--drain-timeout=1m"), first.another(t)
	const resource = "left during a drain"
	holder, watch, next := one.talk(t), one.talk(t), two.talk(t)
	holder.do(t, "tok-c", "LOCK", resource, "60000", "TOKEN", "tok-c", "AUTOEXTEND")
	next.send(t, "LOCK", resource, "60000", "TOKEN", "tok-n", "BLOCK", "0")
	eventually(t, "the next waits", func() bool { return two.blocked(t, two.dial(t)) == 1 })
	if err := syscall.Kill(one.pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the drain has begun", func() bool {
		watch.send(t, "TRYLOCK", resource, "1000")
		return strings.HasPrefix(watch.reply(t), "-LEAVING")
	})
	_ = holder.conn.Close()
	next.want(t, "tok-n")
	next.do(t, "1", "UNLOCK", resource, "tok-n")
}

// another starts the same program once more, on the same nodes.
func (p *process) another(t *testing.T, args ...string) *process {
	t.Helper()
	args = append([]string{"--listen=127.0.0.1:0", "--max-block=1h"}, args...)
	for _, s := range p.nodes {
		args = append(args, "--node=redis://"+s.Addr())
	}
	stderr := newOutput()
	c := exec.Command(p.file, args...)
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return &process{p.file, stderr, stderr.await(t, `msg=listening address=(127\.0\.0\.1:\d+)`), c.Process.Pid, p.nodes}
}

// lasts is how long a lock lasts, at a majority of the three nodes.
func (p *process) lasts(t *testing.T, resource string) time.Duration {
	t.Helper()
	var all []time.Duration
	for _, n := range p.nodes {
		d, err := n.Client().PTTL(t.Context(), resource).Result()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	slices.SortFunc(all, cmp.Compare)
	return all[1]
}

// wantNoKey waits until no node has a key that lasts for long: it was released.
func (p *process) wantNoKey(t *testing.T, resource string) {
	t.Helper()
	for _, n := range p.nodes {
		eventually(t, resource+" is released on all nodes", func() bool {
			return n.Client().Exists(t.Context(), resource).Val() == 0
		})
	}
}

// talk is a connection that speaks to a proxy.
type talk struct {
	conn net.Conn
	in   *bufio.Reader
}

func (p *process) talk(t *testing.T) *talk {
	t.Helper()
	c := p.dial(t)
	if c == nil {
		t.FailNow()
	}
	_ = c.SetDeadline(time.Now().Add(40 * time.Second))
	return &talk{c, bufio.NewReader(c)}
}

func (k *talk) send(t *testing.T, words ...string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(k.conn, b.String()); err != nil {
		t.Fatal(err)
	}
}

func (k *talk) line(t *testing.T) string {
	t.Helper()
	line, err := k.in.ReadString('\n')
	if err != nil {
		t.Fatalf("got %q and then %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// reply reads a reply: of a grant it gives the token.
func (k *talk) reply(t *testing.T) string {
	t.Helper()
	line := k.line(t)
	if line == "*2" {
		k.line(t)
		line = k.line(t)
		k.line(t)
	}
	return line
}

// want reads a token, a number or another line.
func (k *talk) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.TrimPrefix(k.reply(t), ":"); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func (k *talk) do(t *testing.T, want string, words ...string) {
	t.Helper()
	k.send(t, words...)
	k.want(t, want)
}

func (k *talk) wantEnd(t *testing.T) {
	t.Helper()
	if got, err := k.in.ReadByte(); err == nil {
		t.Errorf("got %q, want the end of the connection", got)
	} else if os.IsTimeout(err) {
		t.Error("the connection does not end")
	}
}

// cliProcess is a redis-cli that stays connected.
type cliProcess struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *output
}

func startCLI(t *testing.T, p *process) *cliProcess {
	t.Helper()
	_, port, err := net.SplitHostPort(p.addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &cliProcess{cmd: exec.Command("redis-cli", "-p", port), stdout: newOutput()}
	c.cmd.Stdout, c.cmd.Stderr = c.stdout, c.stdout
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatalf("%v; run sh test.sh", err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

// say types a line, and waits for what it prints unless that is empty.
func (c *cliProcess) say(t *testing.T, line, want string) {
	t.Helper()
	if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
	if want != "" {
		c.stdout.await(t, want)
	}
}

func (c *cliProcess) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

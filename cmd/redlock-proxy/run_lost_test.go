package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// What happens to a command when proxies, nodes or its keeper fail.

// runTurns: many take turns while one of two proxies is killed. What two do at
// once would be seen: the folder can be made by one only.
func runTurns(t *testing.T, p *process) {
	one, two := p.another(t), p.another(t)
	dir := t.TempDir()
	const rounds = `n=0; while [ $n -lt 5 ]; do n=$((n+1)); "$@" || exit; done`
	const work = `mkdir turn || echo overlap >>done
		sleep 0.02
		echo $REDLOCK_FENCE >>done
		rmdir turn`
	var wg sync.WaitGroup
	for i := range 4 {
		addrs := []string{"--addr=" + one.addr, "--addr=" + two.addr}
		r := p.prepare()
		r.cmd.Path, r.cmd.Dir = "/bin/sh", dir
		r.cmd.Args = []string{"sh", "-c", rounds, "sh", p.file, "run", "--ttl=5s", "--grace=1s", addrs[i%2], addrs[1-i%2], "turns", "--", "sh", "-c", work}
		if err := r.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { r.want(t, 0, "") })
	}
	done := func() []string {
		text, _ := os.ReadFile(filepath.Join(dir, "done"))
		return lines(string(text))
	}
	eventually(t, "some have had their turn", func() bool { return len(done()) >= 5 })
	if err := syscall.Kill(one.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	last := 0
	for _, l := range done() {
		fence, err := strconv.Atoi(l)
		if err != nil || fence <= last {
			t.Errorf("%q came after fence %d", l, last)
		}
		last = fence
	}
	if got := len(done()); got != 20 {
		t.Errorf("%d turns, want 20", got)
	}
}

func runMovesOn(t *testing.T, p *process)         { moveOn(t, p, syscall.SIGKILL) }
func runMovesOnFromHung(t *testing.T, p *process) { moveOn(t, p, syscall.SIGSTOP) }

// moveOn: the lock is kept beyond its ttl through another proxy.
func moveOn(t *testing.T, p *process, s syscall.Signal) {
	one, two := p.another(t), p.another(t)
	resource := fmt.Sprint("moves on ", s)
	began := time.Now()
	r := p.begin(t, "--addr="+one.addr, "--addr="+two.addr, "--ttl=2s", "--grace=0s", resource, "--", "sh", "-c", "echo pid=$$; sleep 2.5; echo done")
	r.pid(t, "pid")
	if err := syscall.Kill(one.pid, s); err != nil {
		t.Fatal(err)
	}
	if got := r.end(t); got != 0 || !strings.HasSuffix(r.stdout.String(), "\ndone\n") || time.Since(began) < 2500*time.Millisecond {
		t.Errorf("exit code %d after %v\n%s%s", got, time.Since(began), r.stdout, r.stderr)
	}
	if text := r.stderr.String(); text != "" {
		t.Errorf("the other proxy did all, but it says %q", text)
	}
	p.wantNoKey(t, resource)
}

// stubborn does not end at SIGTERM, nor does what it has started, which is in a
// session of its own and whose parent has ended.
const stubborn = `trap "echo told" TERM
	(setsid sh -c 'trap "" TERM; echo orphan=$$; while :; do sleep 0.01; done' &)
	echo pid=$$
	while :; do sleep 0.01; done`

// runAllDie: SIGTERM, and SIGKILL before the nodes let go of the lock.
func runAllDie(t *testing.T, p *process) {
	one, two := p.another(t), p.another(t)
	r := p.begin(t, "--addr="+one.addr, "--addr="+two.addr, "--ttl=3s", "--grace=1s", "all die", "--", "sh", "-c", stubborn)
	pid, orphan := r.pid(t, "pid"), r.pid(t, "orphan")
	for _, proxy := range []*process{one, two} {
		if err := syscall.Kill(proxy.pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	r.stdout.await(t, "told")
	eventually(t, "both are dead", func() bool { return !alive(pid) && !alive(orphan) })
	if p.lasts(t, "all die") <= 0 {
		t.Error("the lock lapsed before the command was dead")
	}
	if got := r.end(t); got != 70 {
		t.Errorf("exit code %d, want 70\n%s", got, r.stderr)
	}
	r.wantSaid(t, "all die: nobody can tell who holds it: ")
	r.wantSaid(t, "all die: the lock could not be extended in time; the command has ")
}

// runStopped: who stands still can end nothing in time, and does so at once when
// it goes on.
func runStopped(t *testing.T, p *process) {
	one := p.another(t)
	r := p.begin(t, "--addr="+one.addr, "--ttl=1s", "--grace=300ms", "stopped", "--", "sh", "-c", stubborn)
	pid, orphan := r.pid(t, "pid"), r.pid(t, "orphan")
	r.signal(t, syscall.SIGSTOP)
	next := one.talk(t)
	next.send(t, "LOCK", "stopped", "60000", "TOKEN", "tok-n", "BLOCK", "0")
	next.want(t, "tok-n")
	if !alive(pid) || !alive(orphan) {
		t.Error("the command is dead: there is nothing to be seen")
	}
	r.signal(t, syscall.SIGCONT)
	if got := r.end(t); got != 70 || alive(pid) || alive(orphan) {
		t.Errorf("exit code %d, want 70; alive: %v %v", got, alive(pid), alive(orphan))
	}
	if strings.Contains(r.stdout.String(), "told") {
		t.Error("the command was given time when there was none")
	}
	r.wantSaid(t, "stopped: the lock could not be extended in time; the command is killed\n")
	next.do(t, "1", "UNLOCK", "stopped", "tok-n")
}

func runKilled(t *testing.T, p *process) {
	r := p.begin(t, "--addr="+p.addr, "killed", "--", "sh", "-c", "echo pid=$$; exec sleep 60")
	pid := r.pid(t, "pid")
	r.signal(t, syscall.SIGKILL)
	_ = r.cmd.Wait()
	eventually(t, "the command is dead too", func() bool { return !alive(pid) })
}

// runDeleted: a proxy says that the lock is not held, long before it would end.
func runDeleted(t *testing.T, p *process) {
	r := p.begin(t, "--addr="+p.addr, "--ttl=3s", "--grace=1s", "deleted", "--", "sh", "-c", `trap "echo told; exit 4" TERM; echo pid=$$; while :; do sleep 0.01; done`)
	r.pid(t, "pid")
	for _, n := range p.nodes {
		n.Client().Del(t.Context(), "deleted")
	}
	if got := r.end(t); got != 70 {
		t.Errorf("exit code %d, want 70", got)
	}
	r.stdout.await(t, "told")
	r.wantSaid(t, "deleted: the lock is lost, somebody released or deleted it; the command has ")
}

// runLostAtTheEnd: the command did its work without the lock, and did not hear.
func runLostAtTheEnd(t *testing.T, p *process) {
	fifo := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r := p.begin(t, "--addr="+p.addr, "--ttl=60s", "lost", "--", "sh", "-c", `echo pid=$$; cat "$0"; exit 3`, fifo)
	r.pid(t, "pid")
	for _, n := range p.nodes {
		n.Client().Del(t.Context(), "lost")
	}
	if err := os.WriteFile(fifo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.end(t); got != 70 {
		t.Errorf("exit code %d, want 70", got)
	}
	r.wantSaid(t, "lost: the lock was lost before the command had ended, with code 3\n")
}

// runAddresses: logins, sockets and TLS.
func runAddresses(t *testing.T, p *process) {
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(t, "proxy")
	client, clientKey := a.Issue(t, "client")
	users := write(t, "users.acl", "user default on >secret-d ~* +@all\nuser jobs on >secret:j ~* +@lock +@connection\n")
	socket := filepath.Join(t.TempDir(), "s")
	one := p.another(t, "--listen=unix://"+socket, "--aclfile="+users, "--tls-cert="+cert, "--tls-key="+key, "--tls-ca="+a.File)
	certs := []string{"--addr-tls-ca=" + a.File, "--addr-tls-cert=" + client, "--addr-tls-key=" + clientKey}
	for _, c := range []struct {
		words    []string
		password string
		code     int
		said     string
	}{
		{[]string{"--addr=unix://" + socket}, "secret-d", 0, ""},
		{[]string{"--addr=unix://jobs:secret%3Aj@" + socket}, "", 0, ""},
		{append(certs, "--addr=rediss://jobs:secret%3Aj@"+one.addr), "secret-d", 0, ""},
		{append(certs, "--addr=rediss://jobs@"+one.addr), "secret:j", 0, ""},
		{[]string{"--addr=unix://" + socket}, "", 2, "NOAUTH"},
		{[]string{"--addr=unix://" + socket}, "secret-w", 2, "WRONGPASS"},
		{[]string{"--addr=rediss://" + one.addr}, "secret-d", 69, "certificate"},
	} {
		r := p.prepare(append(c.words, "--try", "addresses", "--", "echo", "ran")...)
		r.cmd.Env = append(os.Environ(), "REDLOCK_PASSWORD="+c.password)
		if err := r.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r.want(t, c.code, map[bool]string{true: "ran\n"}[c.code == 0])
		r.wantSaid(t, c.said)
		if strings.Contains(r.stderr.String(), "secret") {
			t.Errorf("%q: a password is shown:\n%s", c.words, r.stderr)
		}
	}
}

// runNoQuorum: with two of three nodes gone nobody can tell, and nothing is run.
func runNoQuorum(t *testing.T, first *process) {
	p := (&process{file: first.file, nodes: redistest.Start(t, 3)}).another(t)
	for _, n := range p.nodes[:2] {
		n.Kill()
	}
	r := p.begin(t, "--addr="+p.addr, "--try", "no quorum", "--", "echo", "ran")
	r.want(t, 69, "")
	r.wantSaid(t, "no quorum: nothing was run: nobody can tell who holds it: "+p.addr+": NOQUORUM 1 of 3 nodes answered, 2 needed: ")
	r = p.begin(t, "--addr="+p.addr, "--wait=500ms", "no quorum", "--", "echo", "ran")
	r.want(t, 69, "")
	if got := strings.Count(r.stderr.String(), "\n"); got < 1 || got > 6 {
		t.Errorf("it says too much:\n%s", r.stderr)
	}
}

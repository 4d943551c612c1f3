package redistest

import (
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestServersAreSeparate(t *testing.T) {
	servers := Start(t, 3)
	for i, s := range servers {
		if err := s.Client().Set(t.Context(), "k", i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range servers {
		if got, err := s.Client().Get(t.Context(), "k").Int(); got != i || err != nil {
			t.Errorf("server %d: got %d, %v", i, got, err)
		}
	}
}

func TestLaunchPassesArguments(t *testing.T) {
	s := Start(t, 1, "--maxmemory", "64mb")[0]
	got, err := s.Client().ConfigGet(t.Context(), "maxmemory").Result()
	if want := "67108864"; err != nil || got["maxmemory"] != want {
		t.Errorf("maxmemory: got %v, %v; want %s", got, err, want)
	}
}

func TestLaunchQuotesWhatRedisSays(t *testing.T) {
	Start(t, 1) // for the skip where there is no Redis
	dir := t.TempDir()
	s, err := Launch(dir, "--no-such-option", "1")
	if err == nil {
		s.Close()
		t.Fatal("got a server, want an error")
	}
	if !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("got %q, want the option named", err)
	}
	wantEmptyDir(t, dir)
}

func TestKillEndsTheProcess(t *testing.T) {
	s := Start(t, 1)[0]
	pid := s.child.cmd.Process.Pid
	s.Kill()
	if exists(pid) {
		t.Error("the process is still there")
	}
	if err := s.Client().Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	s.Kill() // Nothing to kill, nothing to wait for.
}

func TestRestartEmptyKeepsTheAddressOnly(t *testing.T) {
	// Persistence on: the restarted server must not find the file either.
	s := Start(t, 1, "--appendonly", "yes", "--appendfsync", "always")[0]
	addr := s.Addr()
	for _, kill := range []bool{false, true} {
		if err := s.Client().Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if kill {
			s.Kill()
		}
		if err := s.RestartEmpty(); err != nil {
			t.Fatal(err)
		}
		keys, err := s.Keys(t.Context())
		if len(keys) != 0 || err != nil {
			t.Errorf("killed before: %v: got keys %q, %v; want none", kill, keys, err)
		}
		if s.Addr() != addr {
			t.Errorf("address: got %s, want %s", s.Addr(), addr)
		}
	}
}

func TestRestartEmptyWorksAfterManyFailedDials(t *testing.T) {
	s := Start(t, 1)[0]
	s.Kill()
	for range 10*runtime.GOMAXPROCS(0) + 1 { // one more than go-redis's usual pool
		_ = s.Client().Ping(t.Context()).Err()
	}
	if err := s.RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	if err := s.Client().Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestPausedServerExecutesLater(t *testing.T) {
	s := Start(t, 1)[0]
	c := dialRaw(t, s.Addr())
	s.Pause()
	s.Pause() // Pausing twice is pausing.
	late := dialRaw(t, s.Addr())
	for _, c := range []*rawConn{c, late} {
		c.send("INCR k")
		c.wantSilence()
	}
	s.Resume()
	s.Resume()
	for _, c := range []*rawConn{c, late} {
		if got, err := c.readLine(patience); err != nil || got[0] != ':' {
			t.Errorf("got %q, %v; want a number", got, err)
		}
	}
	if got := s.Client().Get(t.Context(), "k").Val(); got != "2" {
		t.Errorf("got %q, want 2", got)
	}
}

func TestRestartAndCloseWorkWhilePaused(t *testing.T) {
	s := Start(t, 1)[0]
	s.Pause()
	if err := s.RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	if err := s.Client().Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	s.Pause()
	s.Close()
}

func TestCloseIsFinal(t *testing.T) {
	Start(t, 1) // for the skip where there is no Redis
	dir := t.TempDir()
	s, err := Launch(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close()
	s.Kill()
	s.Pause()
	s.Resume()
	if err := s.RestartEmpty(); err == nil {
		t.Error("a closed server restarts")
	}
	if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		_ = conn.Close()
		t.Error("a closed server accepts connections")
	}
	wantEmptyDir(t, dir)
}

func TestServerIsSafeForConcurrentUse(t *testing.T) {
	s := Start(t, 1)[0]
	var wg sync.WaitGroup
	for _, f := range []func(){
		s.Kill, s.Pause, s.Resume, s.Pause, s.Kill,
		func() { _ = s.RestartEmpty() },
		func() { _, _ = s.Keys(short(t)) },
		func() { _, _ = s.Commands(short(t)) },
	} {
		wg.Go(func() {
			for range 3 {
				f()
			}
		})
	}
	wg.Wait()
	if err := s.RestartEmpty(); err != nil {
		t.Fatal(err)
	}
}

func wantEmptyDir(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
}

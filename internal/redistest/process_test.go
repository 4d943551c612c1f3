package redistest

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestServersDieWithACrashedProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends children with their parent")
	}
	Start(t, 1) // for the skip where there is no Redis
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+t.TempDir())
	out, err := cmd.Output()
	if err == nil {
		t.Fatalf("the program ended well: %s", out)
	}
	addr, pid, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !ok {
		t.Fatalf("the program printed %q", out)
	}
	if _, err := strconv.Atoi(pid); err != nil {
		t.Fatal(err)
	}
	// Whether a zombie is left for the system to collect is not ours to say, so
	// ask for the socket.
	eventually(t, "the server dies", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

func TestNothingIsLeftAfterClose(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Launch(t.TempDir())
	if errors.Is(err, ErrNoRedis) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWire(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(w.Addr())
	w.Delay(brief)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	pid := s.child.cmd.Process.Pid
	w.Close()
	s.Close()
	if exists(pid) {
		t.Errorf("process %d is left", pid)
	}
	eventually(t, "the goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestAnswerOfAnotherServerIsNotTaken(t *testing.T) {
	servers := Start(t, 2)
	if err := servers[0].child.ask(servers[1].Addr()); err == nil {
		t.Error("want an error")
	}
}

func TestTakenPortIsRecognised(t *testing.T) {
	s := Start(t, 1)[0]
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	rival := newServer(t.TempDir(), n, nil)
	defer rival.Close()
	if err := rival.RestartEmpty(); !errors.Is(err, errPortTaken) {
		t.Errorf("got %v, want errPortTaken", err)
	}
}

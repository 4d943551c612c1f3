package proxy_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"redlock-proxy/proxy"
)

func wantListenError(t *testing.T, address, want string) {
	t.Helper()
	l, err := proxy.Listen(t.Context(), address, 0o700)
	if err == nil {
		_ = l.Close()
		t.Fatalf("%s: listens, want an error with %q", address, want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %q, want an error with %q", address, err, want)
	}
}

func TestASocketFileThatNobodyListensOnIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	_ = killed.Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatal("there is no stale file, this shows nothing")
	}
	l, err := proxy.Listen(t.Context(), "unix://"+path, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file of a closed listener is left behind (%v)", err)
	}
}

func TestASocketFileThatIsInUseIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, setup{unix: true})
	wantListenError(t, "unix://"+f.addr.String(), "in use by another process")
	f.dial().wantAlive()
}

// It is busy, not dead: more want to connect than it has accepted so far.
func TestASocketFileOfABusyListenerIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 10 { // as many as it takes; it never accepts
		c, err := net.Dial("unix", path)
		if err != nil {
			break
		}
		defer func() { _ = c.Close() }()
	}
	wantListenError(t, "unix://"+path, path)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file of a listener that lives was removed (%v)", err)
	}
}

func TestAFileThatIsNoSocketIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "precious")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantListenError(t, "unix://"+path, path+" exists and is not a socket")
	if data, err := os.ReadFile(path); err != nil || string(data) != "data" {
		t.Errorf("the file holds %q now (%v)", data, err)
	}
	wantListenError(t, "unix://"+dir, dir+" exists and is not a socket")
	wantListenError(t, "unix://"+filepath.Join(dir, "none", "s"), "no such file or directory")
	wantListenError(t, "unix://", `no path in "unix://"`)
}

func TestAnAddressThatIsTakenOrWrongIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	wantListenError(t, f.addr.String(), "address already in use")
	wantListenError(t, "127.0.0.1", "missing port")
	wantListenError(t, "127.0.0.1:x", "unknown port")
}

func TestOneProxyServesSeveralListeners(t *testing.T) {
	t.Parallel()
	f := start(t, setup{maxClients: 2})
	tcp := f.dial()
	f.listen(setup{unix: true})
	unix := f.dial()
	tcp.send(command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	tcp.wantGrant("tok-a", 60000)
	unix.send(command("UNLOCK", "a", "tok-a"))
	unix.want(":1\r\n")
	f.dial().want("-ERR max number of clients reached\r\n")
}

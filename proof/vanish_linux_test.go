package proof

import (
	"net"
	"syscall"
	"testing"
	"unsafe"
)

// vanish makes the host behind a connection as good as gone: the kernel drops
// whatever comes in for it, unseen and unacknowledged, also the questions
// whether it is still there. Nothing goes out as long as nobody writes or closes:
// what was written must have arrived, or it would be sent again and again.
func vanish(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was written has arrived", func() bool { return unacknowledged(t, raw) == 0 })
	drop := syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: 0} // keep 0 bytes
	program := syscall.SockFprog{Len: 1, Filter: &drop}
	onSocket(t, raw, func(fd uintptr) (errno syscall.Errno) {
		_, _, errno = syscall.Syscall6(syscall.SYS_SETSOCKOPT, fd, syscall.SOL_SOCKET, syscall.SO_ATTACH_FILTER,
			uintptr(unsafe.Pointer(&program)), unsafe.Sizeof(program), 0)
		return errno
	})
}

// unacknowledged is how many bytes of ours the other side may not have.
func unacknowledged(t *testing.T, raw syscall.RawConn) (n int32) {
	t.Helper()
	onSocket(t, raw, func(fd uintptr) (errno syscall.Errno) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
		return errno
	})
	return n
}

func onSocket(t *testing.T, raw syscall.RawConn, f func(fd uintptr) syscall.Errno) {
	t.Helper()
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) { errno = f(fd) }); err != nil {
		t.Fatal(err)
	}
	if errno != 0 {
		t.Fatal(errno)
	}
}

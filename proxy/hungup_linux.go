package proxy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hasHungUp tells whether the client has closed its end, also when bytes that
// it sent before are still unread.
func hasHungUp(socket syscall.RawConn) bool {
	if socket == nil {
		return false
	}
	gone := false
	_ = socket.Control(func(fd uintptr) {
		ask := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		_, err := unix.Poll(ask, 0)
		gone = err == nil && ask[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return gone
}

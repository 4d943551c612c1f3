//go:build unix

package redlock

import "syscall"

// hasInput tells whether a read would give something, or the end, at once.
func hasInput(c syscall.RawConn) (has bool) {
	var one [1]byte
	err := c.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		has = err != syscall.EAGAIN && err != syscall.EINTR
		return true
	})
	return has || err != nil
}

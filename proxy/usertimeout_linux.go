package proxy

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of linux/tcp.h, which package syscall
// does not name.
const tcpUserTimeout = 0x12

// userTimeout bounds how long sent bytes may stay unacknowledged: keepalive
// alone does not find a host that vanished while a reply was on its way.
// Accepted connections inherit it.
func userTimeout(_, _ string, c syscall.RawConn) error {
	var err error
	limit := int((15 * time.Second).Milliseconds())
	if e := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, limit)
	}); e != nil {
		return e
	}
	return err
}

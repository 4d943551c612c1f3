package proxy

import "syscall"

// peer looks at the other end of a socket, for one goroutine at a time.
type peer struct {
	socket syscall.RawConn  // nil: it can not be looked at
	look   func(fd uintptr) // poll, made once
	gone   bool
}

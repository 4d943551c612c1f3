package proxy

import "syscall"

// peer is the other end of a socket, for one goroutine at a time.
type peer struct {
	socket syscall.RawConn       // nil: it can not be looked at
	look   func(fd uintptr)      // poll, made once
	put    func(fd uintptr) bool // try, made once
	gone   bool

	bytes []byte // what to write
	wrote int
	err   error
}

// write writes as much as the other end takes at once. The error is why it will
// not take anything.
func (p *peer) write(b []byte) (n int, err error) {
	if p.put == nil {
		p.put = p.try
	}
	p.bytes, p.wrote, p.err = b, 0, nil
	err = p.socket.Write(p.put)
	p.bytes = nil
	if err == nil {
		err = p.err
	}
	return p.wrote, err
}

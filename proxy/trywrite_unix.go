//go:build unix

package proxy

import "syscall"

// try writes once. It never asks to be called again.
func (p *peer) try(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), p.bytes)
		switch err {
		case nil:
			p.wrote = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			p.err = err
		}
		return true
	}
}

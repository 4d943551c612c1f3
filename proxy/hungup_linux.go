package proxy

import (
	"golang.org/x/sys/unix"
)

// hasHungUp tells whether the client has closed its end, also when bytes that
// it sent before are still unread.
func (p *peer) hasHungUp() bool {
	if p.socket == nil {
		return false
	}
	if p.look == nil {
		p.look = p.poll
	}
	p.gone = false
	_ = p.socket.Control(p.look)
	return p.gone
}

func (p *peer) poll(fd uintptr) {
	ask := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	_, err := unix.Poll(ask[:], 0)
	p.gone = err == nil && ask[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
}

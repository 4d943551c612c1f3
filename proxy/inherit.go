package proxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Inherit makes a listener of a socket that another process opened and gave to
// this one, such as systemd. Its connections are looked after as those of
// Listen are. file is closed.
func Inherit(file *os.File) (net.Listener, error) {
	defer func() { _ = file.Close() }()
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("not a socket that listens for connections: %w", err)
	}
	tcp, isTCP := l.(*net.TCPListener)
	if !isTCP {
		return l, nil
	}
	raw, err := tcp.SyscallConn()
	if err == nil {
		err = userTimeout("tcp", tcp.Addr().String(), raw)
	}
	if err != nil && !errors.Is(err, syscall.ENOPROTOOPT) { // a multipath socket does without
		return nil, errors.Join(err, tcp.Close())
	}
	return inherited{tcp}, nil
}

// inherited asks for the keepalive that a ListenConfig would.
type inherited struct{ *net.TCPListener }

func (l inherited) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	_ = c.SetKeepAliveConfig(keepAlive()) // it may be gone again, which shows when it is read
	return c, nil
}

package redistest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports that servers get: above the well-known ones and below the range
// from which Linux takes the source ports of outgoing connections (32768 and
// up). Port 0 would choose inside that range, and then, while a server is
// killed, any connection on the machine may take its port (even a client that
// dials the dead server can: it is given the very port it dials and is connected
// to itself), so that RestartEmpty would fail once in a while.
const (
	firstPort = 20000
	lastPort  = 31999
)

// freePort returns a loopback port that nobody listens on now. Somebody may be
// faster than the server it is meant for, so the caller must expect
// errPortTaken and ask again.
func freePort() (int, error) {
	const attempts = 100
	var errs error
	for range attempts {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		l, err := net.Listen("tcp", loopback(port))
		if err == nil {
			return port, l.Close()
		}
		errs = errors.Join(errs, err)
	}
	return 0, fmt.Errorf("redistest: find a free port: %w", errs)
}

// loopback returns the address of a port of this machine, for nobody else to reach.
func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

package proof

import (
	"io"
	"net"
	"sync"
	"testing"
)

// detour is an address behind which another server can be put: a virtual
// address, or a name that is told to mean another machine.
type detour struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	conns  []net.Conn
}

// open lets the way lead to a target until the test is over.
func (d *detour) open(t *testing.T, target string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.listener, d.target = l, target
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { d.forward(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // It is done with.
		d.turn("")
		running.Wait()
	})
}

func (d *detour) address() string { return d.listener.Addr().String() }

// turn ends all connections and leads new ones elsewhere; "" is nowhere.
func (d *detour) turn(target string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = target
	for _, conn := range d.conns {
		_ = conn.Close() // It may have ended long ago.
	}
	d.conns = nil
}

func (d *detour) forward(client net.Conn) {
	defer func() { _ = client.Close() }()
	d.mu.Lock()
	server, err := net.Dial("tcp", d.target)
	if err == nil {
		d.conns = append(d.conns, client, server)
	}
	d.mu.Unlock()
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server) // Its end is the connection's.
		_ = client.Close()
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

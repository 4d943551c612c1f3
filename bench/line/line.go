// Package line makes a node far away: a TCP forwarder that delivers each
// request a round trip later than it came, however many are under way.
//
//	l, err := line.Open("127.0.0.1:6379", 5*time.Millisecond)
//	defer l.Close()
//	... connect to l.Address()
//
// The wire of internal/redistest has a delay, too. It keeps it to Go's timers,
// up to a millisecond late, which is too rough for what is measured here; this
// one has nothing else.
package line

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// room is how many pieces of up to readSize may be under way; who sends more
// waits, as for a full socket.
const (
	room     = 1 << 14
	readSize = 32 << 10
	patience = 2 * time.Second // for the node to accept a connection
)

// piece is what one read got from a client.
type piece struct {
	to   *net.TCPConn
	data []byte // nil is the end
	due  time.Time
}

// Line is the way to one node.
type Line struct {
	node     string
	delay    time.Duration
	clock    *clock
	listener *net.TCPListener
	pieces   chan piece // of all connections, in the order of their coming
	running  sync.WaitGroup
	delivery sync.WaitGroup

	mu     sync.Mutex // guards what follows
	open   map[*net.TCPConn]struct{}
	closed bool
}

// Open forwards a free loopback port to node. The whole delay is on the way to
// the node: it is what a round trip takes longer. It fails when it can not
// listen or has no clock.
func Open(node string, delay time.Duration) (*Line, error) {
	clock, err := newClock()
	if err != nil {
		return nil, fmt.Errorf("open a line to %s: %w", node, err)
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a line to %s: %w", node, err), clock.close())
	}
	l := &Line{node: node, delay: delay, clock: clock, listener: listener,
		pieces: make(chan piece, room), open: make(map[*net.TCPConn]struct{})}
	l.running.Go(l.accept)
	l.delivery.Go(l.deliver)
	return l, nil
}

// Address is where to connect to.
func (l *Line) Address() string { return l.listener.Addr().String() }

// Close ends all connections and returns when everything has ended.
func (l *Line) Close() {
	l.mu.Lock()
	l.closed = true
	_ = l.listener.Close() // it fails only the second time
	for c := range l.open {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
	close(l.pieces)
	l.delivery.Wait()
	_ = l.clock.close() // nobody waits for it any more
}

func (l *Line) accept() {
	for {
		client, err := l.listener.AcceptTCP()
		if err != nil {
			return
		}
		l.running.Go(func() { l.connect(client) })
	}
}

// connect forwards one connection until the node has ended it.
func (l *Line) connect(client *net.TCPConn) {
	if !l.keep(client) {
		return
	}
	defer l.drop(client)
	c, err := net.DialTimeout("tcp", l.node, patience)
	if err != nil {
		return
	}
	node := c.(*net.TCPConn)
	if !l.keep(node) {
		return
	}
	defer l.drop(node)
	l.running.Go(func() { l.collect(client, node) })
	_, _ = io.Copy(client, node) // replies are not delayed; either end may end it
}

// keep notes a connection, or ends it when the line is closed.
func (l *Line) keep(c *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = c.Close()
		return false
	}
	l.open[c] = struct{}{}
	return true
}

func (l *Line) drop(c *net.TCPConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	_ = c.Close()
}

// collect puts what a client sends under way.
func (l *Line) collect(client, node *net.TCPConn) {
	buffer := make([]byte, readSize)
	for {
		n, err := client.Read(buffer)
		due := time.Now().Add(l.delay)
		if n > 0 {
			l.pieces <- piece{node, append([]byte(nil), buffer[:n]...), due}
		}
		if err != nil {
			l.pieces <- piece{node, nil, due}
			return
		}
	}
}

// deliver hands over what is due. As all is delayed alike, what came first is
// due first, whichever connection it is of.
func (l *Line) deliver() {
	for p := range l.pieces {
		if wait := time.Until(p.due); wait > 0 && l.clock.sleep(wait) != nil {
			time.Sleep(wait) // less exact
		}
		if p.data == nil {
			_ = p.to.CloseWrite()
			continue
		}
		_, _ = p.to.Write(p.data) // who has gone is noticed by connect
	}
}

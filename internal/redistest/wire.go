package redistest

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Wire is a TCP forwarder with faults that are switched while it runs. Its
// address stays reachable until Close. All methods may be called at the same
// time. Faults add up; where they disagree, Refuse wins over BlackHole and
// BlackHole over the rest. See faults.go for what each does.
type Wire struct {
	upstream string
	listener *net.TCPListener
	running  sync.WaitGroup // accept and one per link

	mu     sync.Mutex // guards what follows; taken before a link's or a queue's
	faults faults
	links  map[*link]struct{}
	closed bool
}

// NewWire forwards a free loopback port to upstream (host:port), at first
// without a fault. It fails only when it cannot listen: upstream is dialled once
// for each connection, and one that cannot be forwarded is closed.
func NewWire(upstream string) (*Wire, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("redistest: listen for a wire: %w", err)
	}
	w := &Wire{upstream: upstream, listener: l, links: make(map[*link]struct{})}
	w.running.Go(w.accept)
	return w, nil
}

// Addr returns the host:port that clients dial.
func (w *Wire) Addr() string { return w.listener.Addr().String() }

// Cut resets all open connections, to both sides, and forgets what they held. It
// returns when they are gone. New connections are accepted as before.
func (w *Wire) Cut() {
	w.mu.Lock()
	open := w.open()
	w.mu.Unlock()
	cutAll(open)
}

// Close stops listening, cuts all connections and returns when everything the
// wire started has ended. It may be called again.
func (w *Wire) Close() {
	w.mu.Lock()
	w.closed = true
	open := w.open()
	w.mu.Unlock()
	_ = w.listener.Close() // It fails only the second time.
	cutAll(open)
	w.running.Wait()
}

// accept makes a link of each connection until the wire is closed.
func (w *Wire) accept() {
	for {
		client, err := w.listener.AcceptTCP()
		if err == nil {
			w.admit(client)
			continue
		}
		w.mu.Lock()
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
		// Most likely no file descriptor is free, which passes.
		time.Sleep(5 * time.Millisecond)
	}
}

// admit starts a link for client, with the faults of this moment, or resets it.
// Both happen under the lock, so that no connection slips through beside a
// fault that is being switched on.
func (w *Wire) admit(client *net.TCPConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.faults.refuse {
		reset(client)
		return
	}
	l := newLink(w, client)
	l.queue.hold(w.faults.hold)
	if w.faults.blackHole {
		l.darken()
	}
	w.links[l] = struct{}{}
	w.running.Go(l.run)
}

// forget drops a link that has ended.
func (w *Wire) forget(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.links, l)
}

// open lists the links; the caller holds mu.
func (w *Wire) open() []*link {
	links := make([]*link, 0, len(w.links))
	for l := range w.links {
		links = append(links, l)
	}
	return links
}

// cutAll cuts links and waits for their end. The caller must not hold the
// wire's mutex, which a link needs to end.
func cutAll(links []*link) {
	for _, l := range links {
		l.cut()
	}
	for _, l := range links {
		<-l.done
	}
}

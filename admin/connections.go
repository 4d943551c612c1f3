package admin

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// maxConnections are of a few scrapers and people.
const maxConnections = 64

// connections bounds how many there are. One more takes the place of the oldest
// that is not being served to somebody who was let in: so those who open many, or
// who guess passwords on them, keep nobody from /healthz, who asks at once and is
// answered at once.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]*connection
	last uint64
}

type connection struct {
	number  uint64 // in the order in which they came
	serving bool
}

type connectionKey struct{}

// withConnection lets a request find its connection.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// changed is told what becomes of each connection.
func (all *connections) changed(c net.Conn, state http.ConnState) {
	all.mu.Lock()
	defer all.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(all.open) >= maxConnections && !all.makeRoom() {
			_ = c.Close()
			return
		}
		if all.open == nil {
			all.open = map[net.Conn]*connection{}
		}
		all.last++
		all.open[c] = &connection{number: all.last}
	case http.StateClosed, http.StateHijacked:
		delete(all.open, c)
	}
}

// makeRoom closes the oldest that may be.
func (all *connections) makeRoom() bool {
	var oldest net.Conn
	for c, is := range all.open {
		if !is.serving && (oldest == nil || is.number < all.open[oldest].number) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	delete(all.open, oldest)
	_ = oldest.Close()
	return true
}

// serving keeps the connection of a request from being closed, until done.
func (all *connections) serving(r *http.Request) (done func()) {
	c, _ := r.Context().Value(connectionKey{}).(net.Conn)
	all.set(c, true)
	return func() { all.set(c, false) }
}

func (all *connections) set(c net.Conn, serving bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if is, open := all.open[c]; open {
		is.serving = serving
	}
}

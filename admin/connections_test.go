package admin

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// opened is a connection that all has heard of.
func opened(t *testing.T, all *connections) (ours, theirs net.Conn) {
	ours, theirs = net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	all.changed(ours, http.StateNew)
	return ours, theirs
}

func isClosed(t *testing.T, c net.Conn) bool {
	t.Helper()
	_ = c.SetReadDeadline(time.Now())
	_, err := c.Read(make([]byte, 1))
	return err == io.EOF
}

func TestOneMoreConnectionTakesThePlaceOfTheOldest(t *testing.T) {
	t.Parallel()
	var all connections
	var ours, theirs []net.Conn
	for range maxConnections {
		a, b := opened(t, &all)
		ours, theirs = append(ours, a), append(theirs, b)
	}
	all.set(ours[0], true)
	_, next := opened(t, &all)
	if isClosed(t, theirs[0]) || !isClosed(t, theirs[1]) || isClosed(t, theirs[2]) || isClosed(t, next) {
		t.Error("the oldest that is not being served is to be closed, and no other")
	}
	for _, c := range ours[2:] {
		all.set(c, true)
	}
	if _, next := opened(t, &all); isClosed(t, next) {
		t.Error("the one before was not served, and is to be closed")
	}
	for c := range all.open {
		all.set(c, true)
	}
	if _, refused := opened(t, &all); !isClosed(t, refused) {
		t.Error("one more than there may be, as all are served, is to be closed")
	}
	all.changed(ours[5], http.StateClosed)
	if _, next := opened(t, &all); isClosed(t, next) || len(all.open) != maxConnections {
		t.Errorf("as many as there may be, of %d: it is to stay open", len(all.open))
	}
}

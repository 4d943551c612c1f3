package admin

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	var s Server
	open := func() (ours, theirs net.Conn) {
		ours, theirs = net.Pipe()
		t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
		s.count(ours, http.StateNew)
		return ours, theirs
	}
	var last net.Conn
	for range maxConnections {
		last, _ = open()
	}
	refused, theirs := open()
	if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("one more than there may be: %v, want it closed", err)
	}
	s.count(refused, http.StateClosed)
	s.count(last, http.StateClosed)
	next, _ := open()
	if err := next.SetDeadline(time.Now()); err != nil {
		t.Errorf("one as many as there may be: %v, want it open", err)
	}
}

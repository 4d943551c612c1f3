package examples_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// loseFirstGrant is a way to the proxy on which no answer comes back to the
// first LOCK, nor anything behind it on that connection. asked tells that there
// was one.
func loseFirstGrant(t *testing.T, proxy string) (addr string, asked *atomic.Bool) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked = new(atomic.Bool)
	var links sync.WaitGroup
	links.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			links.Go(func() { forward(client, proxy, asked) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		links.Wait() // for the program, which has ended before
	})
	return l.Addr().String(), asked
}

func forward(client net.Conn, proxy string, asked *atomic.Bool) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", proxy)
	if err != nil {
		return
	}
	var mute atomic.Bool
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(unless{&mute, client}, server)
		_ = client.Close()
	})
	for chunk := make([]byte, 4096); ; {
		n, err := client.Read(chunk)
		if bytes.Contains(chunk[:n], []byte("LOCK\r\n$7")) && !asked.Swap(true) { // not UNLOCK, which comes later
			mute.Store(true)
		}
		if _, writeErr := server.Write(chunk[:n]); err != nil || writeErr != nil {
			break
		}
	}
	_ = server.Close()
	answers.Wait()
}

// unless drops what is written when a switch is on.
type unless struct {
	on *atomic.Bool
	io.Writer
}

func (u unless) Write(p []byte) (int, error) {
	if u.on.Load() {
		return len(p), nil
	}
	return u.Writer.Write(p)
}

package line

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

const away = 20 * time.Millisecond

// echo answers each byte with itself.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T) net.Conn {
	t.Helper()
	l, err := Open(echo(t), away)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	c, err := net.Dial("tcp", l.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARoundTripTakesLonger(t *testing.T) {
	c := dial(t)
	shortest := time.Hour
	for range 10 {
		began := time.Now()
		trip(t, c, 1)
		shortest = min(shortest, time.Since(began))
	}
	if shortest < away || shortest > 2*away {
		t.Errorf("the shortest of 10 took %v, want %v and little more", shortest, away)
	}
}

// TestWhatIsUnderWayIsDelayedTogether sends many pieces without waiting for an
// answer: one after the other they would take ten seconds.
func TestWhatIsUnderWayIsDelayedTogether(t *testing.T) {
	c := dial(t)
	const pieces = 500
	began := time.Now()
	go func() {
		for range pieces {
			_, _ = c.Write([]byte{1})
			time.Sleep(100 * time.Microsecond) // or they would be one piece
		}
	}()
	if _, err := io.ReadFull(c, make([]byte, pieces)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < away || took > pieces*away/2 {
		t.Errorf("%d pieces took %v", pieces, took)
	}
}

func TestALargePieceArrivesWhole(t *testing.T) { trip(t, dial(t), 1<<20) }

func TestTheEndIsPassedOn(t *testing.T) {
	c := dial(t)
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %d bytes, %v; want the end", n, err)
	}
}

// trip sends so many bytes and reads them back.
func trip(t *testing.T, c net.Conn, n int) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(make([]byte, n))
		sent <- err
	}()
	_, err := io.ReadFull(c, make([]byte, n))
	if err := fmt.Sprint(<-sent, err); err != "<nil> <nil>" {
		t.Fatal(err)
	}
}

package redistest

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLostReplyIsOfAnExecutedRequest(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	w.LoseReplies(true)
	c := dialRaw(t, w.Addr())
	c.send("SET k v")
	eventually(t, "the SET is executed", func() bool { return has(t, s, "k") })
	c.wantSilence()
	w.LoseReplies(false)
	c.send("STRLEN k")
	c.want(":1")
}

func TestHeldRequestIsExecutedAfterTheClientHungUp(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	w.HoldRequests(true)
	c := dialRaw(t, w.Addr())
	c.send("SET k v")
	eventually(t, "the request is in the wire", func() bool { return queued(w) == 1 })
	c.wantSilence()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if has(t, s, "k") {
		t.Fatal("a held request was executed")
	}
	w.HoldRequests(false)
	eventually(t, "the held SET is executed", func() bool { return has(t, s, "k") })
	eventually(t, "the link ends with its delivery", func() bool { return links(w) == 0 })
}

func TestClientGetsAnErrorForALostReply(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	client := newClient(w.Addr())
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err != nil { // the handshake
		t.Fatal(err)
	}
	w.LoseReplies(true)
	// Its own timeout of a second: with a tighter one a busy machine might not
	// send the request at all.
	if ok, err := client.SetNX(t.Context(), "k", "v", 0).Result(); ok || !os.IsTimeout(err) {
		t.Errorf("got %v, %v; want a timeout", ok, err)
	}
	if !has(t, s, "k") {
		t.Error("the request was not executed")
	}
}

func TestHeldRequestsKeepTheirOrder(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	w.HoldRequests(true)
	c := dialRaw(t, w.Addr()) // New connections are held too.
	for i := 1; i <= 3; i++ {
		c.send(fmt.Sprintf("APPEND k %d", i))
		eventually(t, "the request is in the wire", func() bool { return queued(w) == i })
	}
	c.wantSilence()
	w.HoldRequests(false)
	for i := 1; i <= 3; i++ {
		c.want(fmt.Sprintf(":%d", i))
	}
	if got := s.Client().Get(t.Context(), "k").Val(); got != "123" {
		t.Errorf("got %q, want 123", got)
	}
}

func TestHeldConnectionIsCutWhenItsBufferIsFull(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	w.HoldRequests(true)
	c := dialRaw(t, w.Addr())
	// The write fails when the cut comes before its end.
	_, _ = c.Write([]byte("SET k " + strings.Repeat("v", 2*maxQueued) + "\r\n"))
	c.wantGone()
	w.HoldRequests(false)
	if has(t, s, "k") {
		t.Error("a cut request was executed")
	}
}

func TestBlackHoleSwallowsForGood(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	old := dialRaw(t, w.Addr())
	old.send("PING")
	old.want("+PONG")
	w.BlackHole(true)
	within := dialRaw(t, w.Addr())
	for _, c := range []*rawConn{old, within} {
		c.send("SET k v")
		c.wantSilence()
	}
	w.BlackHole(false)
	for _, c := range []*rawConn{old, within} {
		c.send("SET k v")
		c.wantSilence()
	}
	c := dialRaw(t, w.Addr())
	c.send("EXISTS k")
	c.want(":0")
}

func TestBlackHoleHidesTheEndOfTheServerAndSeesThatOfTheClient(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	c := dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
	w.HoldRequests(true)
	left := dialRaw(t, w.Addr()) // Its client is gone before the hole opens.
	left.send("SET k v")
	eventually(t, "the request is in the wire", func() bool { return queued(w) == 1 })
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	w.BlackHole(true)
	s.Kill()
	c.wantSilence()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the links end with their clients", func() bool { return links(w) == 0 })
}

func TestRefuseCutsAndRefuses(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	old := dialRaw(t, w.Addr())
	old.send("PING")
	old.want("+PONG")
	w.Refuse(true)
	old.wantGone()
	// The reset may come before the dial is done.
	if conn, err := net.Dial("tcp", w.Addr()); err == nil {
		newRaw(t, conn).wantGone()
	}
	w.Refuse(false)
	c := dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
}

func TestDelayIsALineAndNotAQueue(t *testing.T) {
	const delay, requests = 200 * time.Millisecond, 20
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	c := dialRaw(t, w.Addr())
	w.Delay(delay)
	start := time.Now()
	for i := range requests {
		c.send(fmt.Sprintf("APPEND k %c", 'a'+i))
	}
	c.want(":1")
	if took := time.Since(start); took < delay {
		t.Errorf("the first reply took %v, want at least %v", took, delay)
	}
	for i := 2; i <= requests; i++ {
		c.want(fmt.Sprintf(":%d", i))
	}
	// One after the other they would take twenty delays.
	if took := time.Since(start); took > requests/2*delay {
		t.Errorf("all took %v, want hardly more than %v", took, delay)
	}
	if got, want := s.Client().Get(t.Context(), "k").Val(), "abcdefghijklmnopqrst"; got != want {
		t.Errorf("order: got %q, want %q", got, want)
	}
	w.Delay(0)
	c.send("PING")
	c.want("+PONG")
}

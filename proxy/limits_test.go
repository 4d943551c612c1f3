package proxy_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestOneClientTooManyIsTurnedAway(t *testing.T) {
	t.Parallel()
	f := start(t, setup{maxClients: 3})
	var in []*client
	for range 3 {
		in = append(in, f.dial())
		in[len(in)-1].wantAlive()
	}
	for range 3 {
		over := f.dial()
		over.want("-ERR max number of clients reached\r\n")
		over.wantEnd()
	}
	for _, c := range in {
		c.wantAlive()
	}
	in[0].close()
	f.wantClients(2)
	f.dial().wantAlive()
	f.dial().want("-ERR max number of clients reached\r\n")
	in[1].send("QUIT\r\n")
	in[1].want("+OK\r\n")
	in[1].wantEnd()
	f.wantClients(2)
	f.dial().wantAlive()
}

func TestAnIdleClientIsCut(t *testing.T) {
	t.Parallel()
	f := start(t, setup{idle: 300 * time.Millisecond})
	c := f.dial()
	began := time.Now()
	c.wantAlive()
	c.wantEnd()
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("cut after %v, before its time", took)
	}
	f.wantClients(0)
}

func TestWhoAsksOrWaitsIsNotIdle(t *testing.T) {
	t.Parallel()
	const idle = time.Second
	f := start(t, setup{idle: idle})
	asks, waits := f.dial(), f.dial()
	reached := f.holdUp("a")
	waits.send(command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	reached()
	for began := time.Now(); time.Since(began) < 2*idle; time.Sleep(idle / 20) {
		asks.wantAlive()
	}
	f.letGo("a")
	waits.wantGrant("tok-a", 60000)
	waits.wantAlive() // the time begins anew with a reply
}

// exhausted is a listener that cannot accept, as without file descriptors,
// the first so many times.
type exhausted struct {
	net.Listener
	failures int
	calls    atomic.Int64
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.calls.Add(1) <= int64(l.failures) {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAfterFailedAcceptsClientsAreServed(t *testing.T) {
	t.Parallel()
	l := &exhausted{failures: 4}
	f := start(t, setup{wrap: func(inner net.Listener) net.Listener { l.Listener = inner; return l }})
	f.dial().wantAlive()
	if log := f.log.String(); strings.Count(log, "accept failed") != 4 || !strings.Contains(log, "too many open files") {
		t.Errorf("the log should tell of 4 failed accepts:\n%s", log)
	}
}

func TestFailingAcceptsDoNotSpinNorHinderTheEnd(t *testing.T) {
	t.Parallel()
	l := &exhausted{failures: 1 << 30}
	f := start(t, setup{wrap: func(inner net.Listener) net.Listener { l.Listener = inner; return l }})
	began := time.Now()
	eventually(t, "the sixth try", func() bool { return l.calls.Load() >= 6 })
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("six tries within %v", took)
	}
	l.calls.Store(1 << 31) // a closed listener says so
	within(t, "the end", f.drain(patience))
}

// hurried is a listener whose connections find their write deadlines sooner,
// so that a test need not wait for the 10 s that they have. Not the first one:
// it is for a client that must not notice.
type hurried struct {
	net.Listener
	first sync.Once
}

type hurriedConn struct{ net.Conn }

const hurry = 20

func (l *hurried) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	hurries := true
	l.first.Do(func() { hurries = false })
	if err != nil || !hurries {
		return c, err
	}
	return hurriedConn{c}, nil
}

func (c hurriedConn) SetWriteDeadline(t time.Time) error {
	return c.Conn.SetWriteDeadline(time.Now().Add(time.Until(t) / hurry))
}

func TestAClientThatNeverReadsIsCut(t *testing.T) {
	t.Parallel()
	f := start(t, setup{unix: true, wrap: func(l net.Listener) net.Listener { return &hurried{Listener: l} }})
	stop := f.peaceful()
	deaf := f.dial()
	flood := strings.Repeat("PING "+strings.Repeat("a", 1000)+"\r\n", 10)
	began := time.Now()
	for err := error(nil); err == nil; {
		_, err = deaf.conn.Write([]byte(flood)) // stands still when nothing more is read of it
	}
	took := time.Since(began)
	f.wantClients(1)
	stop()
	if least := 10 * time.Second / hurry; took < least/2 || took > patience {
		t.Errorf("cut after %v, want some %v", took, least)
	}
}

// A client that is slow to read gets everything.
func TestASlowReaderGetsEverything(t *testing.T) {
	t.Parallel()
	f := start(t, setup{unix: true})
	c := f.dial()
	const pings = 3000
	message := strings.Repeat("a", 1000)
	go func() { _, _ = c.conn.Write([]byte(strings.Repeat("PING "+message+"\r\n", pings))) }()
	stop := f.peaceful()
	for range pings {
		c.want("$1000\r\n" + message + "\r\n")
	}
	stop()
	c.wantAlive()
}

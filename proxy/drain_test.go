package proxy_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

const leaving = "-LEAVING this proxy is shutting down, use another one; UNLOCK and EXTEND still work here for a moment\r\n"

// drain starts to close the proxy, with so much time for its clients.
func (f *front) drain(limit time.Duration) (closed chan struct{}) {
	closed = make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	f.t.Cleanup(cancel)
	go func() {
		defer close(closed)
		f.server.Close(ctx)
	}()
	return closed
}

// wantLeaving waits until new locks are refused, and the listener is closed.
func (f *front) wantLeaving(c *client) {
	f.t.Helper()
	eventually(f.t, "LEAVING", func() bool {
		c.send("LOCK leave 60000 TOKEN tok-l\r\n")
		line := c.line()
		if line != "*2" {
			return line+"\r\n" == leaving
		}
		for range 3 {
			c.line()
		}
		return false
	})
	eventually(f.t, "a closed listener", func() bool {
		conn, err := net.Dial(f.addr.Network(), f.addr.String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

func TestAProxyThatLeavesLetsItsClientsFinish(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c, other := f.dial(), f.dial()
	c.send("LOCK a 60000 TOKEN tok-a\r\n")
	c.wantGrant("tok-a", 60000)
	other.wantAlive()
	closed := f.drain(10 * patience)
	f.wantLeaving(c)
	c.send("TRYLOCK b 60000\r\nLOCK a 60000 TOKEN tok-a\r\nEXTEND a tok-a 90000\r\n")
	c.want(leaving + leaving + ":")
	c.wantValidity(90000)
	other.send("UNLOCK a tok-a\r\nUNLOCK leave tok-l\r\n")
	other.want(":1\r\n:")
	other.line()
	c.wantAlive()
	other.close()
	f.wantClients(1)
	select {
	case <-closed:
		t.Error("closed while there is a client")
	default:
	}
	c.send("QUIT\r\n")
	c.want("+OK\r\n")
	within(t, "the end of the drain when the last client has gone", closed)
	f.wantNoKeys()
}

func TestADrainWithoutClientsEndsAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	f.dial().close()
	f.wantClients(0)
	within(t, "the end of the drain", f.drain(10*patience))
	within(t, "the end of a second drain", f.drain(10*patience))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.server.Serve(l, nil); err == nil {
		t.Error("a closed proxy serves another listener")
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener given to a closed proxy is still open")
	}
}

func TestClientsThatStayAreCutOffAtTheEndOfADrain(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	idle, waits := f.dial(), f.dial()
	idle.wantAlive()
	reached := f.holdUp("a")
	waits.send("PING\r\n" + command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	reached()
	began := time.Now()
	closed := f.drain(200 * time.Millisecond)
	idle.wantEnd()
	waits.want("+PONG\r\n")
	waits.wantEnd()
	within(t, "the end of the drain", closed)
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("cut off after %v, before the limit", took)
	}
	f.letGo("a")
	f.wantNoKeys()
}

func TestRepliesThatComeInTheEndAreStillDelivered(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	idle, c := f.dial(), f.dial()
	idle.wantAlive()
	reached := f.holdUp("a")
	c.send(command("LOCK", "a", "60000", "TOKEN", "tok-a") + strings.Repeat("PING\r\n", 500))
	reached()
	closed := f.drain(0)
	idle.wantEnd() // the cutting off has begun
	f.letGo("a")
	c.wantGrant("tok-a", 60000)
	c.want("+PONG\r\n") // as many as it had read before
	within(t, "the end of the drain", closed)
}

func TestClientsMayComeAndGoWhileTheProxyCloses(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	first, done := make(chan struct{}, 8), make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				conn, err := net.Dial(f.addr.Network(), f.addr.String())
				if err != nil {
					return // closed
				}
				_, _ = conn.Write([]byte("LOCK a 1000 TOKEN tok-a\r\nPING\r\nUNLOCK a tok-a\r\nQUIT\r\n"))
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
				select {
				case first <- struct{}{}:
				default:
				}
			}
		}()
	}
	for range 8 {
		within(t, "a client that was served", first)
	}
	within(t, "the end of the drain", f.drain(patience))
	for range 8 {
		within(t, "the end of a client", done)
	}
	f.wantClients(0)
}

// lingering is a listener whose connections tell late that they have ended.
type lingering struct{ net.Listener }

type lingeringConn struct{ net.Conn }

func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return lingeringConn{c}, err
}

func (c lingeringConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		time.Sleep(100 * time.Millisecond)
	}
	return n, err
}

func (c lingeringConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		time.Sleep(100 * time.Millisecond)
	}
	return n, err
}

// Not parallel: it looks at all goroutines there are.
func TestNothingRunsOnAfterTheEnd(t *testing.T) {
	wrap := func(l net.Listener) net.Listener { return lingering{l} }
	f := start(t, setup{idle: time.Hour, wrap: wrap})
	f.listen(setup{unix: true, wrap: wrap})
	silent, deaf, waits, quits := f.dial(), f.dial(), f.dial(), f.dial()
	silent.send("PING")
	floodUntilFull(t, deaf, []byte(strings.Repeat("PING "+strings.Repeat("a", 1000)+"\r\n", 100)))
	reached := f.holdUp("a")
	waits.send(command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	quits.send("QUIT\r\n")
	reached()
	within(t, "the end of the drain", f.drain(0))
	if stacks := running("redlock-proxy/proxy.("); len(stacks) > 0 {
		t.Errorf("Close returned while these run:\n%s", strings.Join(stacks, "\n\n"))
	}
	f.settle()
	eventually(t, "the end of everything else", func() bool { return len(running("redlock-proxy/proxy.(", "redlock-proxy/redlock.")) == 0 })
}

// running lists the stacks with a function whose name begins like one of these.
func running(functions ...string) (stacks []string) {
	all := make([]byte, 4<<20)
	all = all[:runtime.Stack(all, true)]
	for stack := range strings.SplitSeq(string(all), "\n\n") {
		for _, f := range functions {
			if strings.Contains(stack, "\n"+f) {
				stacks = append(stacks, stack)
			}
		}
	}
	return stacks
}

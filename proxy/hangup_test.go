package proxy_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/redlock"
)

// hungUpDuring sends a LOCK that stands still at every node, what is to come
// behind it, and a LOCK whose grant is ready but held back by the first. Then
// the client leaves. When that last grant is undone, the proxy has noticed.
func (f *front) hungUpDuring(c *client, slow, fast, lock, behind string, leave func(*client)) {
	f.t.Helper()
	reached := f.holdUp(slow)
	c.send(lock + behind + command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	reached()
	eventually(f.t, "the ready grant on all nodes", func() bool { return f.on(fast) == 3 })
	leave(c)
	eventually(f.t, "the undoing of a ready grant", func() bool { return f.on(fast) == 0 })
}

func TestGrantsForAClientThatHungUpAreUndone(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*client){
		"closed":                  (*client).close,
		"reset":                   (*client).reset,
		"closed within a command": func(c *client) { c.send("*3\r\n$4\r\nLOCK\r\n$1\r\nb"); c.close() },
	} {
		f := start(t, setup{})
		c := f.dial()
		slow, fast := f.twoLanes(c)
		f.hungUpDuring(c, slow, fast, command("LOCK", slow, "60000", "TOKEN", "tok-s"), command("TRYLOCK", slow, "60000"), leave)
		f.letGo(slow)
		f.wantClients(0)
		if f.wantNoKeys(); t.Failed() {
			t.Fatalf("the client %s", name)
		}
	}
}

func TestAClientThatClosedItsSendingHearsThatItsGrantsAreUndone(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	f.hungUpDuring(c, slow, fast, command("LOCK", slow, "60000", "TOKEN", "tok-s"), command("PING"), (*client).closeWrite)
	f.letGo(slow)
	undone := "-ERR the client closed the connection before the grant; it was undone\r\n"
	c.want(undone + "+PONG\r\n" + undone)
	c.wantEnd()
	f.wantNoKeys()
}

func TestAnUnlockAndAnExtendTakeEffectThoughTheirClientHungUp(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-a") + command("LOCK", "b", "10000", "TOKEN", "tok-b"))
	c.wantGrant("tok-a", 60000)
	c.wantGrant("tok-b", 10000)
	f.hungUpDuring(c, slow, fast, command("LOCK", slow, "60000", "TOKEN", "tok-s"),
		command("UNLOCK", slow, "tok-a")+command("EXTEND", "b", "tok-b", "200000"), (*client).close)
	f.letGo(slow)
	f.wantClients(0)
	f.settle()
	if n := f.on(slow); n != 0 {
		t.Errorf("%d nodes have the lock that was released", n)
	}
	for i, n := range f.nodes {
		if ttl := n.redis.TTL("b"); ttl.Seconds() < 100 {
			t.Errorf("node %d keeps the extended lock for %v, want more than 100 s", i, ttl)
		}
	}
}

// A holder that asks again, and does not hear the answer, still holds.
func TestAHangUpDuringARefreshLeavesTheLock(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	lock := command("LOCK", slow, "60000", "TOKEN", "tok-s")
	c.send(lock)
	c.wantGrant("tok-s", 60000)
	f.hungUpDuring(c, slow, fast, lock, "", (*client).close)
	f.letGo(slow)
	f.wantClients(0)
	f.settle()
	if n := f.on(slow); n != 3 {
		t.Errorf("%d nodes have the lock, want all 3", n)
	}
}

// Behind another's LOCK a client waits for its turn, and leaves.
func TestWhoHangsUpBeforeItsTurnIsNeverAskedFor(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	holder, first, second := f.dial(), f.dial(), f.dial()
	slow, fast := f.twoLanes(holder)
	holder.send(command("LOCK", slow, "60000", "TOKEN", "tok-h"))
	holder.wantGrant("tok-h", 60000)
	reached := f.holdUp(slow)
	first.send(command("LOCK", slow, "60000", "TOKEN", "tok-1"))
	reached()
	second.send(command("LOCK", slow, "60000", "TOKEN", "tok-2") + command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	eventually(t, "the ready grant on all nodes", func() bool { return f.on(fast) == 3 })
	second.close()
	eventually(t, "the undoing of a ready grant", func() bool { return f.on(fast) == 0 })
	f.letGo(slow)
	first.want("*-1\r\n")
	f.wantClients(2)
	f.settle()
	if one, two := f.asked("tok-1"), f.asked("tok-2"); one < 3 || two > 0 {
		t.Errorf("the nodes were asked %d times for the first and %d times for the second, want 3 and 0", one, two)
	}
}

// tight is a listener on a Unix socket that takes little of what is written,
// as long as the client does not read.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.UnixConn).SetWriteBuffer(4096)
	}
	return c, err
}

// All replies go out in one write, of which the client takes only the first.
func TestAGrantInAWriteThatFailedIsUndone(t *testing.T) {
	t.Parallel()
	f := start(t, setup{unix: true, wrap: func(l net.Listener) net.Listener { return tight{l} }})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	reached := f.holdUp(slow)
	filler := strings.Repeat(command("ECHO", strings.Repeat("a", 10000)), 5) // less than is gathered for a write
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s") + filler + command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	reached()
	eventually(t, "the last grant on all nodes", func() bool { return f.on(fast) == 3 })
	f.letGo(slow)
	c.wantGrant("tok-s", 60000)
	c.close()
	f.wantClients(0)
	f.settle()
	if got, want := f.on(slow), 3; got != want {
		t.Errorf("the grant that the client got is on %d nodes, want %d", got, want)
	}
	if n := f.on(fast); n != 0 {
		t.Errorf("the grant that did not reach the client is on %d nodes", n)
	}
}

// Little stands between the LOCK and the end, but in many commands.
func TestAHangUpIsNoticedBehindManyCommands(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	reached := f.holdUp(slow)
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s") + command("LOCK", fast, "60000", "TOKEN", "tok-f") + strings.Repeat("PING\r\n", 2000))
	reached()
	eventually(t, "the ready grant on all nodes", func() bool { return f.on(fast) == 3 })
	c.close()
	for limit := time.Now().Add(3 * time.Second); f.on(fast) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Error("the hang-up is not noticed while the first reply is to come")
			break
		}
	}
	f.letGo(slow)
	f.wantClients(0)
	f.wantNoKeys()
}

// After QUIT, or an error in the stream, nothing more is read that would tell.
func TestAHangUpBehindTheLastCommandIsNoticed(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"QUIT\r\n", "*x\r\n"} {
		f := start(t, setup{})
		c := f.dial()
		slow, fast := f.twoLanes(c)
		reached := f.holdUp(slow)
		c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s") + command("LOCK", fast, "60000", "TOKEN", "tok-f") + last)
		reached()
		eventually(t, "the ready grant on all nodes", func() bool { return f.on(fast) == 3 })
		c.close()
		// It may be noticed now, or when the replies are to be written.
		for limit := time.Now().Add(time.Second); f.on(fast) > 0 && time.Now().Before(limit); {
			time.Sleep(time.Millisecond)
		}
		f.letGo(slow)
		f.wantClients(0)
		if f.wantNoKeys(); t.Failed() {
			t.Fatalf("the last command was %q", last)
		}
	}
}

// counted is a listener that counts what is read from its connections.
type counted struct {
	net.Listener
	bytes atomic.Int64
}

type countedConn struct {
	net.Conn
	listener *counted
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countedConn{c, l}, err
}

func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.listener.bytes.Add(int64(n))
	return n, err
}

// The same with real nodes, which run what was held back in the network.
func TestNoRealNodeKeepsAGrantWhoseClientHungUp(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	var wires []*redistest.Wire
	var nodes []redlock.Node
	for _, s := range servers {
		w := redistest.StartWire(t, s.Addr())
		wires = append(wires, w)
		nodes = append(nodes, redlock.Node{Name: s.Addr(), Options: &redis.Options{Addr: w.Addr()}})
	}
	read := &counted{}
	f := start(t, setup{nodes: nodes, wrap: func(l net.Listener) net.Listener { read.Listener = l; return read }})
	c := f.dial()
	var warm, stream strings.Builder // warm uses both lanes
	for _, r := range strings.Fields("a b c d e f g h") {
		warm.WriteString(command("UNLOCK", r, "tok-w"))
		stream.WriteString(command("LOCK", r, "60000", "TOKEN", "tok-"+r) + command("TRYLOCK", "x"+r, "60000"))
	}
	c.send(warm.String())
	c.want(strings.Repeat(":0\r\n", 8))

	for _, w := range wires {
		w.HoldRequests(true)
	}
	c.send(stream.String())
	all := int64(warm.Len() + stream.Len())
	eventually(t, "that the proxy read all", func() bool { return read.bytes.Load() == all })
	c.reset()
	f.wantClients(0) // it has noticed
	for _, w := range wires {
		w.HoldRequests(false)
	}
	f.settle()
	for _, s := range servers {
		calls, err := s.Commands(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if calls["set"] < 8 {
			t.Errorf("node %s was asked for %d locks only, this shows nothing", s.Addr(), calls["set"])
		}
		if keys, err := s.Keys(t.Context()); err != nil || len(keys) > 0 {
			t.Errorf("node %s still has %q (%v)", s.Addr(), keys, err)
		}
	}
}

// late is a listener whose connections hear of the end of their client only
// when they are told to, as when the goroutine that reads has not come to run.
type late struct {
	net.Listener
	ended  chan struct{} // closed when the system knows of the end
	listen chan struct{} // to be closed
}

type lateConn struct {
	*net.TCPConn
	late *late
}

func (l *late) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return lateConn{c.(*net.TCPConn), l}, nil
}

func (c lateConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if err != nil {
		close(c.late.ended)
		<-c.late.listen
	}
	return n, err
}

func TestAGrantIsNotWrittenToAClientThatTheSystemKnowsHasGone(t *testing.T) {
	t.Parallel()
	l := &late{ended: make(chan struct{}), listen: make(chan struct{})}
	f := start(t, setup{wrap: func(inner net.Listener) net.Listener { l.Listener = inner; return l }})
	reached := f.holdUp("a")
	c := f.dial()
	c.send("PING\r\n" + command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	c.want("+PONG\r\n")
	reached()
	c.close()
	within(t, "the end of the client", l.ended)
	f.letGo("a")
	eventually(t, "the release behind the acquire", func() bool { return f.scripts("a") == 2 })
	close(l.listen)
	f.wantClients(0)
	f.wantNoKeys()
}

// Nothing is read of a connection that a pause holds; its end is seen all the
// same.
func TestHangingUpDuringAPause(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	other := f.dial()
	other.send("CLIENT PAUSE 3600000\r\n")
	other.want("+OK\r\n")
	c := f.dial()
	c.send("PING\r\nLOCK a 60000\r\nPING\r\n")
	c.want("+PONG\r\n")
	f.wantClients(2)
	c.close()
	f.wantClients(1)
	other.wantAlive()
	f.wantNoKeys()
}

package proxy_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestPipelinedCommandsOnOneResourceTakeEffectInOrder(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	for range 10 {
		c.send(command("LOCK", "a", "60000", "TOKEN", "tok-t") +
			command("UNLOCK", "a", "tok-t") +
			command("LOCK", "a", "60000", "TOKEN", "tok-u") +
			command("LOCK", "a", "60000", "TOKEN", "tok-v") +
			command("UNLOCK", "a", "tok-u"))
		c.wantGrant("tok-t", 60000)
		c.want(":1\r\n")
		c.wantGrant("tok-u", 60000)
		c.want("*-1\r\n:1\r\n")
	}
	f.wantNoKeys()
}

func TestAThousandCommandsInOneWrite(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	var all strings.Builder
	const rounds = 50
	for i := range rounds {
		n := fmt.Sprint(i)
		all.WriteString(command("LOCK", "r-"+n, "60000", "TOKEN", "tok-"+n) + "PING " + n + "\r\n" +
			command("UNLOCK", "r-"+n, "tok-"+n) + strings.Repeat("PING\r\n", 17))
	}
	c.send(all.String())
	for i := range rounds {
		n := fmt.Sprint(i)
		c.wantGrant("tok-"+n, 60000)
		c.want(fmt.Sprintf("$%d\r\n%s\r\n:1\r\n", len(n), n) + strings.Repeat("+PONG\r\n", 17))
	}
	c.wantAlive()
	f.wantNoKeys()
}

func TestAPipelineOnDifferentResourcesRunsConcurrently(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	slow, fast := f.twoLanes(c)
	c.send(command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	c.wantGrant("tok-f", 60000)

	reached := f.holdUp(slow)
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s") + command("UNLOCK", fast, "tok-f") + "PING\r\n")
	reached()
	eventually(t, "the effect of the UNLOCK behind a slow LOCK", func() bool { return f.on(fast) == 0 })
	f.letGo(slow)
	c.wantGrant("tok-s", 60000)
	c.want(":1\r\n+PONG\r\n")
}

func TestNothingRunsAfterQuit(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	c.send(command("LOCK", "a", "60000", "TOKEN", "tok-a") + "quit\r\n" + command("LOCK", "evil", "60000") + "PING\r\n")
	c.wantGrant("tok-a", 60000)
	c.want("+OK\r\n")
	c.wantEnd()
	f.wantClients(0)
	f.settle()
	if n := f.on("evil"); n != 0 {
		t.Errorf("what stood behind QUIT holds a lock on %d nodes", n)
	}
	if n := f.on("a"); n < 2 {
		t.Errorf("%d nodes have the lock that was granted before QUIT", n)
	}
}

func TestQuitLetsEarlierRepliesFinish(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	reached := f.holdUp("slow")
	c := f.dial()
	c.send(command("LOCK", "slow", "60000", "TOKEN", "tok-s") + command("QUIT"))
	reached()
	f.letGo("slow")
	c.wantGrant("tok-s", 60000)
	c.want("+OK\r\n")
	c.wantEnd()
}

func TestAProtocolErrorIsAnsweredInItsTurn(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	reached := f.holdUp("slow")
	c := f.dial()
	c.send(command("LOCK", "slow", "60000", "TOKEN", "tok-s") + "*x\r\n" + command("LOCK", "evil", "60000"))
	reached()
	f.letGo("slow")
	c.wantGrant("tok-s", 60000)
	c.want("-ERR Protocol error: invalid multibulk length\r\n")
	c.wantEnd()
}

func TestAReplyHasTheProtocolThatItsCommandWasSentIn(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	holder, c := f.dial(), f.dial()
	lock := command("LOCK", "slow", "60000", "TOKEN", "tok-h")
	holder.send(lock)
	holder.wantGrant("tok-h", 60000)
	reached := f.holdUp("slow")
	other := command("LOCK", "slow", "60000", "TOKEN", "tok-c")
	c.send(other + command("HELLO", "3") + other + command("CLIENT", "GETNAME") + command("HELLO", "2") + other)
	reached()
	f.letGo("slow")
	c.want("*-1\r\n")
	c.wantGreeting(3, 2)
	c.want("_\r\n_\r\n")
	c.wantGreeting(2, 2)
	c.want("*-1\r\n")
}

// piecewise is a listener of one connection whose reads give exactly what was
// one write, so that a test says where a stream is cut.
type piecewise struct {
	net.Listener
	accepted chan net.Conn
}

func (p *piecewise) Accept() (net.Conn, error) {
	if conn, ok := <-p.accepted; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p *piecewise) Close() error {
	close(p.accepted)
	return p.Listener.Close()
}

func TestCommandsMayBeCutAnywhere(t *testing.T) {
	t.Parallel()
	p := &piecewise{accepted: make(chan net.Conn, 1)}
	f := start(t, setup{wrap: func(l net.Listener) net.Listener { p.Listener = l; return p }})
	stream := "\r\n*0\r\n" + command("LOCK", "a\r\n", "60000", "TOKEN", "tok-\r\n1") + `PING "a b"` + "\r\n*-1\r\n" +
		command("unlock", "a\r\n", "tok-\r\n1") + command("EXTEND", "a\r\n", "", "x") + "QUIT\n"
	for cut := 0; cut <= len(stream); cut++ {
		near, far := net.Pipe()
		p.accepted <- far
		c := newClient(t, near)
		go func() {
			if cut == 0 { // everywhere
				for _, b := range []byte(stream) {
					_, _ = near.Write([]byte{b})
				}
				return
			}
			_, _ = near.Write([]byte(stream[:cut]))
			_, _ = near.Write([]byte(stream[cut:]))
		}()
		c.wantGrant("tok-\r\n1", 60000)
		c.want("$3\r\na b\r\n:1\r\n-ERR value is not an integer or out of range\r\n+OK\r\n")
		c.wantEnd()
	}
	f.wantNoKeys()
}

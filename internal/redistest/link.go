package redistest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	upstreamTimeout = 2 * time.Second // for a dial on loopback; only a full backlog takes any time
	readSize        = 32 << 10
)

// link is one connection through a wire: a client's and, made for it, one to the
// server.
type link struct {
	wire   *Wire
	client *net.TCPConn
	queue  *queue
	dark   atomic.Bool   // a black hole has swallowed it; never false again
	done   chan struct{} // closed when everything of it has ended

	mu     sync.Mutex   // guards what follows
	server *net.TCPConn // nil until dialled
	closed bool
}

func newLink(w *Wire, client *net.TCPConn) *link {
	return &link{wire: w, client: client, queue: newQueue(), done: make(chan struct{})}
}

// run forwards until both sides have ended or the link is cut.
func (l *link) run() {
	defer close(l.done)
	defer l.wire.forget(l)
	defer l.close()
	var pumps sync.WaitGroup
	if server := l.connect(); server != nil {
		pumps.Go(func() { l.deliver(server) })
		pumps.Go(func() { l.reply(server) })
	} else if !l.dark.Load() {
		return
	}
	l.collect()
	pumps.Wait()
}

// connect dials the server. It returns nil when there is none to forward to:
// it refuses, the link was cut meanwhile, or a black hole is open.
func (l *link) connect() *net.TCPConn {
	if l.dark.Load() {
		return nil
	}
	conn, err := net.DialTimeout("tcp", l.wire.upstream, upstreamTimeout)
	if err != nil {
		return nil
	}
	server := conn.(*net.TCPConn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		reset(server)
		return nil
	}
	l.server = server
	return server
}

// collect queues what the client sends until it hangs up. What is queued is
// still delivered then; only a link in a black hole has nothing left to do.
func (l *link) collect() {
	buf := make([]byte, readSize)
	for {
		n, err := l.client.Read(buf)
		if n > 0 && !l.queue.push(append([]byte(nil), buf[:n]...), l.wire.current().delay) {
			l.cut()
			return
		}
		if err != nil {
			break
		}
	}
	l.queue.end()
	if l.dark.Load() {
		l.close()
	}
}

// deliver sends the server what leaves the queue, then the end of the stream.
func (l *link) deliver(server *net.TCPConn) {
	for data := l.queue.pop(); data != nil; data = l.queue.pop() {
		if _, err := server.Write(data); err != nil {
			return // reply sees the same end of the connection and closes the link.
		}
	}
	if !l.dark.Load() {
		_ = server.CloseWrite() // It fails only when the connection has ended.
	}
}

// reply passes the server's answers to the client until the server hangs up.
// When the client has gone it reads on, so that the server can still execute
// what it is sent.
func (l *link) reply(server *net.TCPConn) {
	buf := make([]byte, readSize)
	for gone := false; ; {
		n, err := server.Read(buf)
		if n > 0 && !gone && !l.dark.Load() && !l.wire.current().loseReplies {
			_, werr := l.client.Write(buf[:n])
			gone = werr != nil
		}
		if err != nil {
			break
		}
	}
	if !l.dark.Load() {
		l.close()
	}
}

// darken makes the link a dead one: nothing passes any more, and neither side
// hears of it. It ends when the client has hung up: either that happened before,
// and is seen here, or collect sees that the link is dark.
func (l *link) darken() {
	l.dark.Store(true)
	if l.queue.discard() {
		l.close()
	}
}

// cut ends the link with a reset to both sides.
func (l *link) cut() { l.end(reset) }

// close ends the link as its end points would.
func (l *link) close() { l.end(func(c *net.TCPConn) { _ = c.Close() }) }

// end closes both sides by shut, once, and empties the queue, which makes all
// of run's goroutines return.
func (l *link) end(shut func(*net.TCPConn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	l.queue.discard()
	shut(l.client)
	if l.server != nil {
		shut(l.server)
	}
}

// reset closes c so that the other side gets an error and not an end of file.
// Neither call can fail in a way that matters: c is gone in any case.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

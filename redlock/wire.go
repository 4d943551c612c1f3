package redlock

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// wire is one connection to a node, from its first use until it breaks: it is
// never replaced behind our back, as what is known of a connection (its id,
// whether the node may vote on it) is known of no other.
type wire interface {
	// exchange sends commands, then calls, as one pipeline, and fills in their
	// replies. ctx must have a deadline. The error is what kept the node from
	// answering; error replies are answers, and are in the commands and calls.
	exchange(ctx context.Context, commands []*redis.Cmd, calls []call) error
	// sent tells whether anything of the last exchange may have reached the node.
	sent() bool
	close()
}

// errWireEnded: the connection was found closed before anything was sent.
var errWireEnded = errors.New("connection closed by the node")

// redisWire is a wire over go-redis, by a client with exactly one connection.
type redisWire struct {
	node   *node
	client *redis.Client
	dialed bool        // a second connection is refused
	wrote  atomic.Bool // bytes were handed to the kernel

	alive time.Time // when it was last heard of

	pipe     redis.Pipeliner // empty between two exchanges
	raw      rawCommands
	pipeline []redis.Cmder // scratch space of exchange
}

func newRedisWire(l *nodeLink) wire {
	w := &redisWire{node: l.node}
	o := *l.node.options
	dial := o.Dialer
	if dial == nil {
		dial = redis.NewDialer(&o)
	}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.dialed {
			return nil, errWireEnded
		}
		w.dialed = true
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return w.watch(c), nil
	}
	w.client = redis.NewClient(&o)
	w.pipe = w.client.Pipeline()
	return w
}

func (w *redisWire) sent() bool { return w.wrote.Load() }

func (w *redisWire) close() { _ = w.client.Close() }

// exchange implements wire.
func (w *redisWire) exchange(ctx context.Context, commands []*redis.Cmd, calls []call) error {
	w.wrote.Store(false)
	w.pipeline = w.pipeline[:0]
	for _, c := range commands {
		w.pipeline = append(w.pipeline, c)
	}
	w.raw.reset()
	for i := range calls {
		w.pipeline = append(w.pipeline, w.raw.command(calls[i].args))
	}
	_ = w.pipe.BatchProcess(ctx, w.pipeline...) // only queues
	_, err := w.pipe.Exec(ctx)
	if len(calls) > 0 {
		w.raw.read(w.pipeline[len(commands):], calls, err)
	}
	err = pipelineError(err, w.pipeline)
	clear(w.pipeline)
	if err == nil {
		w.alive = time.Now()
	}
	return err
}

// pipelineError is what kept the node from answering a pipeline, if anything
// did. Each command has its own error, but for a refused login: go-redis takes
// that for an answer and gives it to none of them.
func pipelineError[C redis.Cmder](err error, commands []C) error {
	answered := err == nil
	for _, c := range commands {
		switch own := c.Err(); {
		case own != nil && !isReply(own):
			return own
		case own != nil:
			answered = true
		}
	}
	if answered {
		return nil
	}
	return err
}

// watchedConn notes when something is written. Only so can a request that
// failed be told from one that may have been executed. It is cut when the
// quorum is closed in a hurry, as go-redis itself waits for its time-outs.
type watchedConn struct {
	net.Conn
	wire   *redisWire
	forget func() bool
}

func (c watchedConn) Write(p []byte) (int, error) {
	c.wire.wrote.Store(true)
	return c.Conn.Write(p)
}

func (c watchedConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// watch keeps a plain socket's SyscallConn, by which go-redis sees before each
// batch whether the node has closed the connection in the meantime.
func (w *redisWire) watch(c net.Conn) net.Conn {
	watched := watchedConn{Conn: c, wire: w}
	watched.forget = context.AfterFunc(w.node.ctx, func() { _ = c.Close() })
	plain, is := c.(syscall.Conn)
	if !is {
		return watched
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return watched
	}
	return plainConn{watched, unlessFresh{raw, w}}
}

// fresh is how long after a reply a connection is taken to be open unseen: a look
// at it before every batch is one system call in three. What is sent on one that
// was closed since has no answer, as if it had been closed a moment later.
const fresh = 10 * time.Millisecond

// plainConn is a watched one that can be looked at.
type plainConn struct {
	watchedConn
	raw unlessFresh
}

// SyscallConn implements syscall.Conn.
func (c plainConn) SyscallConn() (syscall.RawConn, error) { return c.raw, nil }

type unlessFresh struct {
	syscall.RawConn
	wire *redisWire
}

// Read implements syscall.RawConn.
func (c unlessFresh) Read(f func(fd uintptr) (done bool)) error {
	if time.Since(c.wire.alive) < fresh {
		return nil
	}
	return c.RawConn.Read(f)
}

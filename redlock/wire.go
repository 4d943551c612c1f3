package redlock

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// wire is one connection to a node, from its first use until it breaks: it is
// never replaced behind our back, as what is known of a connection (its id,
// whether the node may vote on it) is known of no other.
type wire interface {
	// exchange sends commands as one pipeline and fills in their replies. The
	// error is what kept the node from answering; error replies are answers, and
	// are in the commands.
	exchange(ctx context.Context, commands []*redis.Cmd) error
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
	return w
}

func (w *redisWire) sent() bool { return w.wrote.Load() }

func (w *redisWire) close() { _ = w.client.Close() }

// exchange implements wire.
func (w *redisWire) exchange(ctx context.Context, commands []*redis.Cmd) error {
	w.wrote.Store(false)
	pipe := w.client.Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // only queues
	}
	_, err := pipe.Exec(ctx)
	return pipelineError(err, commands)
}

// pipelineError is what kept the node from answering a pipeline, if anything
// did. Each command has its own error, but for a refused login: go-redis takes
// that for an answer and gives it to none of them.
func pipelineError(err error, commands []*redis.Cmd) error {
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
	if raw, plain := c.(syscall.Conn); plain {
		return struct {
			watchedConn
			syscall.Conn
		}{watched, raw}
	}
	return watched
}

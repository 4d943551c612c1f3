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
	// post and collect are the two halves of an exchange of calls. Another post may
	// come before the collect of the first, and another goroutine may collect; what
	// was posted first is collected first. There is no exchange between the two.
	post(ctx context.Context, calls []call) error
	collect(ctx context.Context, calls []call) error
	// ended tells whether the node has closed it, as far as can be seen while nothing
	// is posted.
	ended() bool
	// sent tells whether anything of the last exchange or post may have reached the
	// node.
	sent() bool
	close()
}

var (
	// errWireEnded: the connection was found closed before anything was sent.
	errWireEnded = errors.New("connection closed by the node")
	// errBroken: it broke before the answer could come.
	errBroken = errors.New("connection lost")
)

// redisWire is a wire over a connection that go-redis has made: it dials, by TCP,
// TLS or a unix socket, logs in, and makes the first exchange. From then on
// requests are written and replies read here, as go-redis' commands and its
// looking at each argument's type cost more than all else on the way of a lock.
type redisWire struct {
	node   *node
	client *redis.Client
	conn   *watchedConn // what it dialed; nil: not yet
	wrote  atomic.Bool  // bytes were handed to the kernel
	ready  bool         // the first exchange has been answered

	away    atomic.Int32 // posted, and not collected
	alive   time.Time    // when it was last heard of; who reads writes it
	out     []byte
	replies replies
}

func newRedisWire(l *nodeLink) wire {
	w := &redisWire{node: l.node}
	o := *l.node.options
	dial := o.Dialer
	if dial == nil {
		dial = redis.NewDialer(&o)
	}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.conn != nil { // a second connection is refused
			return nil, errWireEnded
		}
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w.conn = watch(w, c)
		w.replies.source = w.conn
		return w.conn, nil
	}
	w.client = redis.NewClient(&o)
	return w
}

func (w *redisWire) sent() bool { return w.wrote.Load() }

func (w *redisWire) close() { _ = w.client.Close() }

// exchange implements wire.
func (w *redisWire) exchange(ctx context.Context, commands []*redis.Cmd, calls []call) (err error) {
	w.wrote.Store(false)
	switch {
	case !w.ready:
		err = w.begin(ctx, commands)
	case w.ended():
		err = errWireEnded
	default:
		if err = w.write(ctx, commands, calls); err == nil {
			err = w.read(ctx, commands, calls)
		}
	}
	if err != nil {
		w.ready = false
		failCalls(calls, err)
		return err
	}
	w.alive = time.Now()
	return nil
}

// failCalls gives the error to those that have no answer.
func failCalls(calls []call, err error) {
	for i := range calls {
		if c := &calls[i]; c.value == nil && c.err == nil {
			c.err = err
		}
	}
}

// begin makes the connection and the first exchange, of commands only.
func (w *redisWire) begin(ctx context.Context, commands []*redis.Cmd) error {
	pipe := w.client.Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // only queues
	}
	_, err := pipe.Exec(ctx)
	err = pipelineError(err, commands)
	w.ready = err == nil
	return err
}

// post implements wire.
func (w *redisWire) post(ctx context.Context, calls []call) error {
	w.wrote.Store(false)
	w.away.Add(1)
	return w.write(ctx, nil, calls)
}

// collect implements wire.
func (w *redisWire) collect(ctx context.Context, calls []call) error {
	err := w.read(ctx, nil, calls)
	if err == nil {
		w.alive = time.Now()
		w.away.Add(-1)
	}
	return err
}

// write sends all at once.
func (w *redisWire) write(ctx context.Context, commands []*redis.Cmd, calls []call) error {
	w.out = w.out[:0]
	for _, c := range commands {
		w.out = appendCommand(w.out, c.Args())
	}
	for i := range calls {
		w.out = append(w.out, calls[i].command...)
	}
	deadline, _ := ctx.Deadline()
	if err := w.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := w.conn.Write(w.out)
	if cap(w.out) > keepReplies {
		w.out = nil
	}
	return err
}

// read fills in the replies, until one is missing.
func (w *redisWire) read(ctx context.Context, commands []*redis.Cmd, calls []call) error {
	deadline, _ := ctx.Deadline()
	if err := w.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	for _, c := range commands {
		value, err := w.replies.next()
		if err != nil && !isAnswer(err) {
			return err
		}
		c.SetVal(value)
		c.SetErr(err)
	}
	for i := range calls {
		c := &calls[i]
		if c.value, c.err = w.replies.next(); c.err != nil && !isAnswer(c.err) {
			return c.err
		}
	}
	if !w.replies.finished() && w.away.Load() <= 1 {
		return errReply // it answers what was not asked, or has counted differently
	}
	return nil
}

// isAnswer tells what a node said from what kept it from answering.
func isAnswer(err error) bool {
	_, said := err.(errorReply)
	return said || err == redis.Nil
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

// fresh is how long after a reply a connection is taken to be open unseen: a look
// at it before every batch is one system call in three. What is sent on one that
// was closed since has no answer, as if it had been closed a moment later.
const fresh = 10 * time.Millisecond

// ended implements wire: also when the node said what nobody had asked.
func (w *redisWire) ended() bool {
	return w.conn.raw != nil && time.Since(w.alive) >= fresh && hasInput(w.conn.raw)
}

// watchedConn notes when something is written. Only so can a request that
// failed be told from one that may have been executed. It is cut when the
// quorum is closed in a hurry, which no deadline waits for.
type watchedConn struct {
	net.Conn
	raw    syscall.RawConn // nil: it can not be looked at, as with TLS
	wire   *redisWire
	forget func() bool
}

func watch(w *redisWire, c net.Conn) *watchedConn {
	watched := &watchedConn{Conn: c, wire: w}
	if plain, is := c.(syscall.Conn); is {
		watched.raw, _ = plain.SyscallConn() // nil with an error
	}
	watched.forget = context.AfterFunc(w.node.ctx, func() { _ = c.Close() })
	return watched
}

// Write implements net.Conn.
func (c *watchedConn) Write(p []byte) (int, error) {
	c.wire.wrote.Store(true)
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *watchedConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

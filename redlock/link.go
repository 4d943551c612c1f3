package redlock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisLink is a link over go-redis. Each of its clients has exactly one
// connection, and is thrown away with it, so that what is known of the
// connection (its id, whether anything was sent) is known of the client.
type redisLink struct {
	node   *node
	client *redis.Client // nil: none is open
	ready  atomic.Bool   // the handshake is over: what is written now is requests
	sent   atomic.Bool   // bytes of a request were handed to the kernel
	kill   bool          // the node lets us end a connection that we replace
	now    connection
	// replaced is the last connection that requests were sent on and that
	// broke, until it is known to be dead at the node too.
	replaced connection
	used     time.Time // the last sign of life

	commands []*redis.Cmd
}

// connection is what the node calls one of ours.
type connection struct {
	id    int64  // 0: unknown
	runID string // of the server process, as ids begin again with each
}

func newRedisLink(d *node) *redisLink { return &redisLink{node: d, kill: true} }

func (l *redisLink) close() {
	if l.client != nil {
		_ = l.client.Close()
		l.client = nil
	}
}

// idlePing is how long a connection may be silent before it is tried again: a
// node that went away is then noticed before somebody needs it.
const idlePing = 5 * time.Second

// connect implements link.
func (l *redisLink) connect() error {
	if l.client != nil && time.Since(l.used) < idlePing {
		return nil
	}
	if l.client == nil {
		l.open()
	}
	ctx, cancel := context.WithTimeout(l.node.ctx, l.node.options.ReadTimeout)
	defer cancel()
	l.sent.Store(false)
	if err := l.client.Ping(ctx).Err(); err != nil {
		l.close()
		return cause(err)
	}
	l.used = time.Now()
	return nil
}

// exchange implements link.
func (l *redisLink) exchange(requests []*request, answers []answer) error {
	if l.client == nil {
		l.open()
	}
	// One time-out for everything: go-redis may find the connection closed, and
	// dial and shake hands again.
	ctx, cancel := context.WithTimeout(l.node.ctx, l.node.options.ReadTimeout)
	defer cancel()
	l.sent.Store(false)
	err := l.send(ctx, requests, answers)
	if err == nil {
		err = l.resend(ctx, requests, answers)
	}
	if err != nil {
		l.drop()
	} else {
		l.used = time.Now()
	}
	return err
}

// send does one pipeline. The error is the first that kept the node from
// answering; error replies are answers.
func (l *redisLink) send(ctx context.Context, requests []*request, answers []answer) error {
	pipe := l.client.Pipeline()
	l.commands = l.commands[:0]
	for _, r := range requests {
		c := redis.NewCmd(ctx, r.args...)
		l.commands = append(l.commands, c)
		_ = pipe.Process(ctx, c) // only queues
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	var broken error
	for i, c := range l.commands {
		answers[i] = interpret(requests[i], c, l.sent.Load())
		if err := c.Err(); broken == nil && err != nil && !isReply(err) {
			broken = cause(err)
		}
	}
	clear(l.commands)
	return broken
}

// resend repeats releases and extensions that found no script, which a SCRIPT
// FLUSH on the node had removed, after loading them again. An acquire is not
// repeated here, where a release of its own might have passed it: its attempt
// makes another round.
func (l *redisLink) resend(ctx context.Context, requests []*request, answers []answer) error {
	var again []*request
	var where []int
	stale := map[string]bool{}
	for i, r := range requests {
		if r.op == acquire && stale[r.key] && answers[i].verdict == no {
			answers[i] = answer{verdict: failed, err: errStale} // it passed a release
		}
		if answers[i].err != errStale {
			continue
		}
		stale[r.key] = true
		if r.op != acquire {
			again, where = append(again, r), append(where, i)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	if err := l.loadScripts(ctx, l.client); err != nil {
		return cause(err) // it may repeat the scripts
	}
	if len(again) == 0 {
		return nil
	}
	repeated := make([]answer, len(again))
	err := l.send(ctx, again, repeated)
	for i, a := range repeated {
		answers[where[i]] = a
	}
	return err
}

// drop closes the connection and remembers to kill what is left of it.
func (l *redisLink) drop() {
	if l.sent.Load() && l.now.id != 0 {
		l.replaced = l.now
	}
	l.close()
}

// open makes a client whose first use dials.
func (l *redisLink) open() {
	o := *l.node.options
	dial := o.Dialer
	if dial == nil {
		dial = redis.NewDialer(&o)
	}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		l.ready.Store(false)
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return l.watch(c), nil
	}
	onConnect := o.OnConnect
	o.OnConnect = func(ctx context.Context, c *redis.Conn) error {
		if onConnect != nil {
			if err := onConnect(ctx, c); err != nil {
				return err
			}
		}
		return l.prepare(ctx, c)
	}
	l.client = redis.NewClient(&o)
}

// watchedConn notes when a request is written. Only so can a request that
// failed be told from one that may have been executed. It is cut when the
// quorum is closed in a hurry, as go-redis itself waits for its time-outs.
type watchedConn struct {
	net.Conn
	link   *redisLink
	forget func() bool
}

func (c watchedConn) Write(p []byte) (int, error) {
	if c.link.ready.Load() {
		c.link.sent.Store(true)
	}
	return c.Conn.Write(p)
}

func (c watchedConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// watch keeps a plain socket's SyscallConn, by which go-redis sees before each
// batch whether the node has closed the connection in the meantime.
func (l *redisLink) watch(c net.Conn) net.Conn {
	w := watchedConn{Conn: c, link: l}
	w.forget = context.AfterFunc(l.node.ctx, func() { _ = c.Close() })
	if raw, plain := c.(syscall.Conn); plain {
		return struct {
			watchedConn
			syscall.Conn
		}{w, raw}
	}
	return w
}

// prepare readies a new connection before any request is sent on it: the
// scripts are loaded, and the connection it replaces is killed, so that
// nothing which a stopped node has not read yet is executed behind our back.
func (l *redisLink) prepare(ctx context.Context, c *redis.Conn) error {
	pipe := c.Pipeline()
	id := pipe.ClientID(ctx)
	info := pipe.Info(ctx, "server")
	if _, err := pipe.Exec(ctx); err != nil && !isReply(err) {
		return err
	}
	if v := infoField(info.Val(), "redis_version"); tooOld(v) {
		return fmt.Errorf("redis %s is too old, 7.0 or newer is needed", v)
	}
	l.now = connection{id: id.Val(), runID: infoField(info.Val(), "run_id")}
	if mayNot(id.Err()) || mayNot(info.Err()) {
		l.cannotKill(errors.Join(id.Err(), info.Err()))
	}
	if err := l.loadScripts(ctx, c); err != nil {
		return err
	}
	if err := l.killReplaced(ctx, c); err != nil {
		return err
	}
	l.ready.Store(true)
	return nil
}

func (l *redisLink) loadScripts(ctx context.Context, c redis.Cmdable) error {
	pipe := c.Pipeline()
	for _, s := range l.node.scripts.all() {
		pipe.ScriptLoad(ctx, s.source)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// killReplaced ends the connection that this one replaces, at the node: after
// the reply, all that it had sent has been executed or never will be. The run
// id keeps a restarted node, which counts from 1 again, from killing another.
// Without the right to do so a late acquire may outlive its undo, until its ttl.
func (l *redisLink) killReplaced(ctx context.Context, c *redis.Conn) error {
	old := l.replaced
	if old.id != 0 && old.runID != "" && old.runID == l.now.runID {
		err := c.ClientKillByFilter(ctx, "ID", strconv.FormatInt(old.id, 10)).Err()
		switch {
		case err != nil && !isReply(err):
			return err
		case err != nil:
			l.cannotKill(err)
		}
	}
	l.replaced = connection{}
	return nil
}

// cannotKill warns, once.
func (l *redisLink) cannotKill(err error) {
	if l.kill {
		l.kill = false
		l.node.logger.Warn("may not use CLIENT ID, CLIENT KILL or INFO; after a time-out a key may stay until its ttl", "err", cause(err))
	}
}

// mayNot tells a refusal by the node's ACL from a command that it does not have.
func mayNot(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOPERM") }

func infoField(info, name string) string {
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// tooOld: SET with NX and GET together came with Redis 7.0. A server that does
// not tell its version is tried.
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 7
}

// interpret says what a reply means for the vote.
func interpret(r *request, c *redis.Cmd, sent bool) answer {
	value, err := c.Result()
	switch {
	case errors.Is(err, redis.Nil):
		return answer{verdict: yes} // acquire: nothing was there before
	case err == nil:
		return interpretReply(r.op, value)
	case !isReply(err) && sent:
		return answer{verdict: unknown, err: cause(err)}
	case !isReply(err):
		return answer{verdict: failed, err: cause(err)}
	case strings.HasPrefix(err.Error(), "NOSCRIPT"):
		return answer{verdict: failed, err: errStale}
	case strings.Contains(err.Error(), "WRONGTYPE"):
		// A lock of a library that keeps another type than a string.
		return answer{verdict: no, holder: "\x00type"}
	default:
		return answer{verdict: failed, err: cause(err)}
	}
}

func interpretReply(op operation, value any) answer {
	number, _ := value.(int64)
	switch {
	case op == acquire:
		holder, _ := value.(string)
		return answer{verdict: no, holder: holder}
	case op == inspect:
		return answer{verdict: yes, number: number}
	case op == release && number > 0:
		return answer{verdict: yes, number: number - 1}
	case op == extend && number == 1:
		return answer{verdict: yes}
	}
	return answer{verdict: no}
}

// cause makes an error fit to be shown: without the address and port, which
// the node's name says already, with time-outs named plainly, and without the
// arguments that Redis repeats, among which is a token.
func cause(err error) error {
	if isReply(err) {
		told, _, repeats := strings.Cut(err.Error(), ", with args beginning with")
		if repeats {
			return errors.New(told)
		}
		return err
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return errTimeout
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

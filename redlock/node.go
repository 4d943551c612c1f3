package redlock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Node names one Redis master.
type Node struct {
	// Name is used in errors and logs: the address, without credentials.
	Name string
	// Options say where it is and how to log in. New takes a copy and sets
	// time-outs, retries and the pool itself, as their defaults in go-redis
	// would make wrong answers (see nodeOptions).
	Options *redis.Options
}

// ParseNode reads redis://[user:password@]host:port[/db], rediss:// for TLS,
// or unix://[user:password@]/path[?db=n]. The error does not repeat the url,
// as it may hold a password.
func ParseNode(url string) (Node, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return Node{}, errors.New("redlock: not a node url; write redis://[user:password@]host:port[/db], rediss://… or unix:///path")
	}
	name := o.Addr
	if o.DB != 0 {
		name = fmt.Sprintf("%s/%d", o.Addr, o.DB)
	}
	return Node{Name: name, Options: o}, nil
}

// nodeOptions are the caller's with what Redlock needs. go-redis' defaults are
// wrong here: a retried SET NX finds its own first try and reports "taken", a
// dial is tried five times, time-outs are seconds, and a pool of connections
// keeps no order.
func nodeOptions(n Node, timeout time.Duration) *redis.Options {
	o := *n.Options
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout = timeout
	o.ReadTimeout = timeout
	o.WriteTimeout = timeout
	o.PoolTimeout = timeout
	o.PoolSize = 1
	o.MinIdleConns = 0
	o.PipelinePoolSize = -1
	o.ConnMaxIdleTime = -1
	o.ConnMaxLifetime = 0
	o.DisableIdentity = true
	o.Protocol = 2
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &o
}

// failuresToDown is how many batches in a row must fail before a node is taken
// for down. One is a hiccup; each more costs those who wait for it a
// NodeTimeout, and a batch of unanswered requests that must be undone later.
const failuresToDown = 3

// node is one master: its lanes, and whether it is worth asking.
type node struct {
	name    string
	index   int
	options *redis.Options
	logger  *slog.Logger
	quorum  *Quorum
	lanes   []*lane

	counters *nodeCounters

	ctx    context.Context // ends when close gives up
	cancel context.CancelFunc
	probes sync.WaitGroup

	down     atomic.Pointer[downError] // nil: worth asking
	mu       sync.Mutex
	failures int // batches in a row
	closing  bool

	warned struct{ guard, eviction, kill atomic.Bool }
}

// downError is why a request is not even tried.
type downError struct {
	since time.Time
	cause error
}

func (e *downError) Error() string {
	return fmt.Sprintf("down for %v: %v", time.Since(e.since).Round(time.Second), e.cause)
}

func (e *downError) Unwrap() error { return e.cause }

func newNode(ctx context.Context, q *Quorum, index int, n Node) *node {
	o := &q.options
	d := &node{
		name:    oneLine(n.Name),
		index:   index,
		options: nodeOptions(n, o.NodeTimeout),
		logger:  o.Logger.With("node", n.Name),
		quorum:  q,
	}
	d.counters = newNodeCounters()
	d.ctx, d.cancel = context.WithCancel(ctx)
	for range o.Lanes {
		d.lanes = append(d.lanes, newLane(d, newNodeLink(d), o.MaxTTL))
	}
	return d
}

func (d *node) start() {
	for _, l := range d.lanes {
		go l.run()
	}
}

// answered notes that the node replied to a batch.
func (d *node) answered() {
	d.mu.Lock()
	d.failures = 0
	d.mu.Unlock()
}

// unanswered notes a batch without replies, or a connection that could not be
// made. After a few in a row nothing more is sent until a probe is answered.
func (d *node) unanswered(err error) {
	d.quorum.guard.failed(d.index)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failures++
	if d.failures < failuresToDown || d.down.Load() != nil {
		return
	}
	d.down.Store(&downError{since: time.Now(), cause: err})
	if d.closing {
		return // the lanes give up on what they owe
	}
	d.logger.Warn("node is down; not asked again until it answers a ping", "err", err)
	d.probes.Go(d.probe)
}

// isDown gives the reason why the node is not to be asked, or nil.
func (d *node) isDown() error {
	if e := d.down.Load(); e != nil {
		return e
	}
	return nil
}

// Probing is often enough that a node is back in use within a moment, and
// seldom enough that a dead one costs nothing.
const (
	probeFirst = 20 * time.Millisecond
	probeMost  = 500 * time.Millisecond
)

// probe pings the node until it answers.
func (d *node) probe() {
	for pause := probeFirst; ; pause = min(2*pause, probeMost) {
		select {
		case <-d.ctx.Done():
			return
		case <-time.After(pause):
		}
		if d.ping() {
			d.back()
			return
		}
	}
}

// ping makes a connection as the lanes do, so that a node which answers but
// cannot be used stays down.
func (d *node) ping() bool {
	l := newNodeLink(d)
	defer l.close()
	err := l.connect()
	if err != nil {
		d.down.Store(&downError{since: d.down.Load().since, cause: err})
	}
	return err == nil
}

func (d *node) back() {
	d.mu.Lock()
	away := time.Since(d.down.Load().since).Round(time.Millisecond)
	d.failures = 0
	d.down.Store(nil)
	d.mu.Unlock()
	d.logger.Info("node answers again", "away", away)
	for _, l := range d.lanes {
		l.nudge()
	}
}

// close lets the lanes finish what is queued, until ctx ends.
func (d *node) close(ctx context.Context) {
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	stop := context.AfterFunc(ctx, d.cancel)
	defer stop()
	for _, l := range d.lanes {
		l.close()
	}
	for _, l := range d.lanes {
		<-l.done
	}
	d.cancel()
	d.probes.Wait()
}

// isReply tells an error that the node sent from one that kept it from
// answering. Most are asked about as they come from go-redis, unwrapped; the
// way through errors.As is slow enough to show in a profile.
func isReply(err error) bool {
	if _, plain := err.(redis.Error); plain {
		return true
	}
	var reply redis.Error
	return errors.As(err, &reply)
}

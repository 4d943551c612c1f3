package proof

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/proof/history"
)

// client has one connection to each proxy and notes all that it is told.
type client struct {
	id       int
	recorder *history.Recorder
	lines    []*line
}

// line is a connection to one proxy, made anew when it breaks.
type line struct {
	rdb *redis.Client
	// kept are the locks with AUTOEXTEND that end with the connection.
	kept []history.Op

	mu  sync.Mutex
	raw net.Conn
}

// impatient is longer than any wait of the random runs, and than a proxy stands
// still in them.
const impatient = 3 * time.Second

func newClient(id int, recorder *history.Recorder, timeout time.Duration, addresses ...string) *client {
	c := &client{id: id, recorder: recorder}
	for _, address := range addresses {
		c.lines = append(c.lines, newLine(address, timeout))
	}
	return c
}

func newLine(address string, timeout time.Duration) *line {
	l := &line{}
	l.rdb = redis.NewClient(&redis.Options{
		Addr:     address,
		PoolSize: 1,
		// Each command is sent once, or the history would not say when.
		MaxRetries: -1, DialerRetries: 1,
		DialTimeout: time.Second, ReadTimeout: timeout, ConnMaxIdleTime: -1,
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := new(net.Dialer).DialContext(ctx, network, address)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.raw = raw
			return raw, err
		},
	})
	return l
}

// cut ends the connection, be a command under way or not.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raw != nil {
		_ = l.raw.Close() // It may have ended long ago.
	}
}

func (c *client) close() {
	for _, l := range c.lines {
		_ = l.rdb.Close() // There is nothing to lose.
	}
}

// ask is a LOCK.
type ask struct {
	resource string
	token    string
	ttl      time.Duration
	wait     []any // BLOCK or RETRY and a number
	fence    bool
	keep     bool // AUTOEXTEND
}

func (a ask) words() []any {
	words := []any{"LOCK", a.resource, a.ttl.Milliseconds()}
	if a.token != "" {
		words = append(words, "TOKEN", a.token)
	}
	if a.fence {
		words = append(words, "FENCE")
	}
	if a.keep {
		words = append(words, "AUTOEXTEND")
	}
	return append(words, a.wait...)
}

func (c *client) lock(l *line, a ask) history.Op {
	o := history.Op{
		Kind: history.Lock, Resource: a.resource, Token: a.token, TTL: a.ttl,
		Lapses: a.token == "" && !a.keep, Fenced: a.fence,
	}
	o = c.do(l, o, a.words()...)
	if a.keep && o.Outcome == history.Yes {
		l.kept = append(l.kept, o)
	}
	return o
}

func (c *client) extend(l *line, held history.Op, ttl time.Duration) history.Op {
	o := history.Op{Kind: history.Extend, Resource: held.Resource, Token: held.Token, TTL: ttl}
	return c.do(l, o, "EXTEND", held.Resource, held.Token, ttl.Milliseconds())
}

func (c *client) unlock(l *line, held history.Op) history.Op {
	o := history.Op{Kind: history.Unlock, Resource: held.Resource, Token: held.Token}
	return c.do(l, o, "UNLOCK", held.Resource, held.Token)
}

// leave ends a connection, and with it the locks that it kept.
func (c *client) leave(l *line) {
	c.giveUp(l, c.recorder.Now())
	l.cut()
}

// giveUp notes the locks that a connection kept as released, perhaps, by one who
// has stopped believing in them: the proxy may see its end at once or late.
func (c *client) giveUp(l *line, since time.Duration) {
	for _, held := range l.kept {
		c.recorder.Add(history.Op{
			Client: c.id, Kind: history.Unlock, Resource: held.Resource, Token: held.Token,
			Call: since, Return: c.recorder.Now(), Outcome: history.Unknown, Note: "the connection ends",
		})
	}
	l.kept = nil
}

// do sends one command and notes what became of it.
func (c *client) do(l *line, o history.Op, words ...any) history.Op {
	o.Client = c.id
	o.Call = c.recorder.Now()
	reply, err := l.rdb.Do(context.Background(), words...).Result()
	o.Return = c.recorder.Now()
	o = read(o, reply, err)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return o // it was never sent
	}
	c.recorder.Add(o)
	if broken := redis.Error(nil); err != nil && !errors.As(err, &broken) {
		c.giveUp(l, o.Call)
	}
	return o
}

// read fills in what a reply says.
func read(o history.Op, reply any, err error) history.Op {
	o.Outcome = history.Unknown
	switch r := reply.(type) {
	case []any:
		o.Note = fmt.Sprint(r...)
		if len(r) < 2 || len(r) > 3 {
			break
		}
		token, isText := r[0].(string)
		validity, isNumber := r[1].(int64)
		if !isText || !isNumber || o.Token != "" && o.Token != token {
			break
		}
		if len(r) == 3 {
			o.Fence, _ = r[2].(int64)
		}
		o.Outcome, o.Token, o.Validity, o.Note = history.Yes, token, ms(validity), ""
	case int64:
		o.Outcome = history.No
		if r > 0 {
			o.Outcome = history.Yes
		}
		if o.Kind == history.Extend {
			o.Validity = ms(r)
		}
	default:
		if errors.Is(err, redis.Nil) {
			o.Outcome = history.No
		} else {
			o.Note = fmt.Sprint(reply, err)
		}
	}
	return o
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// number is a token's, or a resource's.
func number(prefix string, n uint64) string { return prefix + strconv.FormatUint(n, 36) }

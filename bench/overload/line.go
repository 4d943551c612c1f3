package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// line is one connection: what is sent, and in the same order what comes back.
type line struct {
	id   int
	conn net.Conn
	in   *bufio.Reader
	next int // numbers the resources

	mu      sync.Mutex
	more    sync.Cond
	out     []byte
	pending []sent
	closed  bool
	err     error
	counts  counts
}

// sent is a command whose reply is still to come.
type sent struct {
	resource string // of a LOCK; "" of an UNLOCK
	at       time.Time
	counted  bool
}

// counts are what became of what was sent while it was measured.
type counts struct {
	offered, granted, pairs, limit, otherErrors, nulls, lost, unreleased int
	late                                                                 int // LOCKs not sent as the proxy did not read
	locks, unlocks                                                       []time.Duration
	firstError                                                           string
}

func dial(ctx context.Context, address string, id int) (*line, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &line{id: id, conn: c, in: bufio.NewReaderSize(c, 64<<10)}
	l.more.L = &l.mu
	return l, nil
}

// lock queues a LOCK of a resource of its own.
func (l *line) lock(counted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if counted {
		l.counts.offered++
	}
	if len(l.out) > mostQueued {
		if counted {
			l.counts.late++
		}
		return
	}
	l.next++
	resource := fmt.Sprintf("o:%d:%d", l.id, l.next)
	l.send(sent{resource, time.Now(), counted}, "LOCK", resource, "30000")
}

// mostQueued is how much waits for a proxy that does not read, before LOCKs are
// given up; UNLOCKs are not.
const mostQueued = 64 << 10

// send queues a command; the caller holds the lock.
func (l *line) send(s sent, words ...string) {
	l.pending = append(l.pending, s)
	l.out = append(l.out, '*')
	l.out = strconv.AppendInt(l.out, int64(len(words)), 10)
	l.out = append(l.out, '\r', '\n')
	for _, w := range words {
		l.out = append(l.out, '$')
		l.out = strconv.AppendInt(l.out, int64(len(w)), 10)
		l.out = append(l.out, '\r', '\n')
		l.out = append(append(l.out, w...), '\r', '\n')
	}
	l.more.Signal()
}

// write sends what is queued until the line is closed.
func (l *line) write() {
	var batch []byte
	for {
		l.mu.Lock()
		for len(l.out) == 0 && !l.closed {
			l.more.Wait()
		}
		batch, l.out = l.out, batch[:0]
		l.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if _, err := l.conn.Write(batch); err != nil {
			l.fail(err)
			return
		}
	}
}

// read takes replies until the connection is closed. done hears of each LOCK that
// is over, with its UNLOCK if it was granted.
func (l *line) read(done func()) {
	for {
		reply, token, err := l.reply()
		if err != nil {
			l.fail(err)
			return
		}
		if l.take(reply, token) {
			done()
		}
	}
}

// reply gives the first line of a reply, and the token of a grant.
func (l *line) reply() (first []byte, token string, err error) {
	first, err = l.in.ReadSlice('\n')
	if err != nil || first[0] != '*' || first[1] == '-' {
		return bytes.TrimRight(first, "\r\n"), "", err
	}
	var words [3][]byte // length, token, validity
	for i := range words {
		if words[i], err = l.in.ReadBytes('\n'); err != nil {
			return nil, "", err
		}
	}
	return []byte("granted"), string(bytes.TrimRight(words[1], "\r\n")), nil
}

// take counts a reply, and releases what was granted. It reports whether that
// was the end of a pair or of a LOCK in vain.
func (l *line) take(reply []byte, token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.pending[0]
	l.pending = l.pending[1:]
	if !s.counted {
		l.counts.uncounted(s, reply)
	} else {
		l.counts.note(s, reply, time.Since(s.at))
	}
	if token != "" {
		l.send(sent{"", time.Now(), s.counted}, "UNLOCK", s.resource, token)
		return false
	}
	return true
}

// uncounted looks only for what must never be.
func (c *counts) uncounted(s sent, reply []byte) {
	if s.resource == "" && string(reply) == ":0" {
		c.lost++
	}
}

func (c *counts) note(s sent, reply []byte, took time.Duration) {
	switch {
	case token(reply):
		c.granted++
		c.locks = append(c.locks, took)
	case string(reply) == ":1":
		c.pairs++
		c.unlocks = append(c.unlocks, took)
	case string(reply) == ":0":
		c.lost++ // it was granted and nobody else can have released it
	case s.resource == "":
		c.unreleased++
		c.firstError = string(reply)
	case bytes.HasPrefix(reply, []byte("-LIMIT")):
		c.limit++
	case reply[0] == '-':
		c.otherErrors++
		if c.firstError == "" {
			c.firstError = string(reply)
		}
	default:
		c.nulls++
	}
}

func token(reply []byte) bool { return string(reply) == "granted" }

func (l *line) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && l.err == nil {
		l.err = err
	}
	l.closed = true
	l.more.Broadcast()
}

// unanswered is how many replies are still to come.
func (l *line) unanswered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending)
}

func (l *line) close() error {
	l.mu.Lock()
	l.closed = true
	err := l.err
	l.more.Broadcast()
	l.mu.Unlock()
	_ = l.conn.Close()
	return err
}

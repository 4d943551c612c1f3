package redlock

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// call is one command to a node, and what came of it.
type call struct {
	command []byte
	value   any   // nil, an int64, a string or a []any of these
	err     error // redis.Nil for a null, an error reply, or what kept the node from answering
}

// errorReply is an error that a node sent.
type errorReply string

func (e errorReply) Error() string { return string(e) }

// RedisError makes it a redis.Error.
func (errorReply) RedisError() {}

var (
	// errReply: the bytes are no reply to anything that was asked.
	errReply = errors.New("unexpected reply")
	// errShort: they are the beginning of one.
	errShort = errors.New("the reply is not whole yet")
)

const (
	// replyRoom takes the answers to a usual batch in one read.
	replyRoom = 16 << 10
	// keepReplies is how large a buffer may become that is used again: replies are
	// short, but for one that names another holder and those of a listing.
	keepReplies = 64 << 10
	// maxReply is far more than any question here is answered with. A node that
	// announces more is none.
	maxReply = 64 << 20
)

// replies reads what a node answers.
type replies struct {
	source     io.Reader
	buf        []byte
	start, end int // what has come and is not read yet
}

// next gives the next reply: its value, redis.Nil or an errorReply. Any other
// error is why there is none, and then there is no further one either.
func (r *replies) next() (any, error) {
	for {
		value, rest, err := readReply(r.buf[r.start:r.end])
		if err != errShort {
			r.start = r.end - len(rest)
			return value, err
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once, behind what is there.
func (r *replies) fill() error {
	switch {
	case r.start == r.end:
		r.start, r.end = 0, 0
		if r.buf == nil {
			r.buf = make([]byte, replyRoom)
		}
	case r.end == len(r.buf) && r.start > 0:
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	if r.end == len(r.buf) {
		if len(r.buf) >= maxReply {
			return errReply
		}
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.source.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// finished reports whether all that came has been read, and keeps no more memory
// than it should.
func (r *replies) finished() bool {
	if r.start < r.end {
		return false
	}
	if len(r.buf) > keepReplies {
		r.buf = nil
	}
	r.start, r.end = 0, 0
	return true
}

// readReply reads the first reply of b, as RESP2 has it
// (https://redis.io/docs/latest/develop/reference/protocol-spec/), and gives what
// is behind it. The error is one of the reply's, errShort or errReply.
func readReply(b []byte) (value any, rest []byte, err error) {
	i := bytes.IndexByte(b, '\n')
	switch {
	case i < 0:
		return nil, nil, errShort
	case i < 2 || b[i-1] != '\r':
		return nil, nil, errReply
	}
	kind, line, rest := b[0], b[1:i-1], b[i+1:]
	switch kind {
	case '+':
		return string(line), rest, nil
	case '-':
		return nil, rest, errorReply(line)
	}
	n, err := readNumber(line)
	switch {
	case err != nil:
		return nil, nil, errReply
	case kind == ':':
		return n, rest, nil
	case kind != '$' && kind != '*' || n > maxReply:
		return nil, nil, errReply
	case n < 0:
		return nil, rest, redis.Nil
	case kind == '*':
		return readList(n, rest)
	case n+2 > int64(len(rest)):
		return nil, nil, errShort
	}
	return string(rest[:n]), rest[n+2:], nil
}

func readList(n int64, b []byte) (any, []byte, error) {
	list := make([]any, 0, min(n, int64(len(b)/len("$-1\r\n")+1)))
	for range n {
		value, rest, err := readReply(b)
		switch {
		case err == errReply || err == errShort:
			return nil, nil, err
		case err == redis.Nil:
			value = nil
		case err != nil:
			value = err
		}
		list, b = append(list, value), rest
	}
	return list, b, nil
}

// readNumber spares the short ones, which nearly all are, a string.
func readNumber(b []byte) (int64, error) {
	if len(b) == 1 && '0' <= b[0] && b[0] <= '9' {
		return int64(b[0] - '0'), nil
	}
	return strconv.ParseInt(string(b), 10, 64)
}

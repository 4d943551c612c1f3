package redlock

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// call is one of the commands that every lock takes, and what came of it. The
// other commands of this package, which are few, are go-redis' own.
type call struct {
	args  []any // strings, *string, int, *int64; they are read until exchange returns
	value any   // nil, an int64, a string or a []any of these
	err   error // redis.Nil for a null, an error reply, or what kept the node from answering
}

// errorReply is an error that a node sent.
type errorReply string

func (e errorReply) Error() string { return string(e) }

// RedisError makes it a redis.Error.
func (errorReply) RedisError() {}

// errReply: the bytes are no reply to anything that was asked.
var errReply = errors.New("unexpected reply")

// readReply reads the first reply of b, as RESP2 has it
// (https://redis.io/docs/latest/develop/reference/protocol-spec/), and gives what
// is behind it. go-redis has seen to it that it is whole.
func readReply(b []byte) (value any, rest []byte, err error) {
	line, rest, whole := bytes.Cut(b, []byte("\r\n"))
	if !whole || len(line) == 0 {
		return nil, nil, errReply
	}
	kind, line := line[0], line[1:]
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
	case n < 0 && (kind == '$' || kind == '*'):
		return nil, rest, redis.Nil
	case kind == '$' && n <= int64(len(rest))-2:
		return string(rest[:n]), rest[n+2:], nil
	case kind == '*':
		return readList(n, rest)
	}
	return nil, nil, errReply
}

func readList(n int64, b []byte) (any, []byte, error) {
	var list []any
	for range n {
		value, rest, err := readReply(b)
		switch {
		case err == errReply:
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

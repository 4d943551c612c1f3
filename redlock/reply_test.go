package redlock

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestRepliesAreReadAsByGoRedis sends the same commands both ways in one
// pipeline: as go-redis' own, and as calls, whose replies are read here.
func TestRepliesAreReadAsByGoRedis(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	w := newRedisWire(newNodeLink(q.nodes[0]))
	defer w.close()
	theirs := redis.NewClient(q.nodes[0].options)
	defer func() { _ = theirs.Close() }()
	long := strings.Repeat("long ", 5000)
	var commands []*redis.Cmd
	var calls []call
	for _, args := range [][]any{
		{"ping"},
		{"echo", ""},
		{"echo", "two\r\nlines"},
		{"echo", long},
		{"mget", "a", "b", "c", "d"},
		{"echo", int64(-12)},
		{"get", "nothing"},
		{"eval", "return {1, 'two', {3, {}}, false, 1234567890123}", 0},
		{"eval", "return {}", 0},
		{"eval", "return -7", 0},
		{"eval", "return {redis.error_reply('ERR within')}", 0},
		{"no such command", "with", "arguments"},
		{"evalsha", strings.Repeat("0", 40), 0},
		{"lrange", "none", 0, -1},
	} {
		commands = append(commands, redis.NewCmd(t.Context(), args...))
		calls = append(calls, call{command: appendCommand(nil, args)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	pipe := theirs.Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // only queues
	}
	_, _ = pipe.Exec(ctx) // each has its own error
	if err := w.exchange(ctx, []*redis.Cmd{redis.NewCmd(ctx, "ping")}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time with room that has been used
		for i := range calls {
			calls[i].value, calls[i].err = nil, nil
		}
		ping := redis.NewCmd(ctx, "ping")
		if err := w.exchange(ctx, []*redis.Cmd{ping}, calls); err != nil {
			t.Fatal(err)
		}
		if ping.Val() != "PONG" {
			t.Errorf("the command in front got %v, %v", ping.Val(), ping.Err())
		}
		for i, c := range commands {
			value, err := c.Result()
			wantSameReply(t, calls[i], value, err)
		}
	}
}

func wantSameReply(t *testing.T, c call, value any, err error) {
	t.Helper()
	if !reflect.DeepEqual(texts(c.value), texts(value)) {
		t.Errorf("%.60q: read %#v, go-redis reads %#v", c.command, c.value, value)
	}
	switch {
	case err == nil && c.err == nil, err == redis.Nil && c.err == redis.Nil:
	case err == nil || c.err == nil || c.err.Error() != err.Error() || isReply(c.err) != isReply(err):
		t.Errorf("%.60q: error %v, go-redis has %v", c.command, c.err, err)
	}
}

// texts makes errors within lists comparable.
func texts(value any) any {
	switch v := value.(type) {
	case error:
		return v.Error()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = texts(v[i])
		}
		return list
	}
	return value
}

// TestBrokenRepliesAreNoAnswers: none of them, and no beginning of a whole one, is
// taken for a yes.
func TestBrokenRepliesAreNoAnswers(t *testing.T) {
	t.Parallel()
	for _, whole := range []string{"$5\r\nvalue\r\n", "*2\r\n:1\r\n$1\r\na\r\n", ":17\r\n", "+OK\r\n", "-ERR no\r\n", "*1\r\n*1\r\n$-1\r\n"} {
		if _, rest, err := readReply([]byte(whole + "rest")); err == errReply || string(rest) != "rest" {
			t.Errorf("%q: %v, and %q is left", whole, err, rest)
		}
		for n := range len(whole) {
			if value, _, err := readReply([]byte(whole[:n])); err != errShort {
				t.Errorf("%q of %q: %v, %v", whole[:n], whole, value, err)
			}
		}
	}
	for _, bad := range []string{"?\r\n", "$x\r\n", ":\r\n", ":1x\r\n", "$9223372036854775807\r\nx\r\n", "*9223372036854775807\r\n", "\r\n", "_\r\n", ":1\n", "*1\r\n?\r\n"} {
		value, _, err := readReply([]byte(bad))
		if !errors.Is(err, errReply) {
			t.Errorf("%q: %v, %v", bad, value, err)
		}
		if a := interpret(&request{op: acquire}, &call{err: err}, true); a.verdict != unknown {
			t.Errorf("%q is taken for verdict %d", bad, a.verdict)
		}
	}
}

// TestANumberIsNoYes to an acquire, except for the control that lets nodes count.
func TestANumberIsNoYes(t *testing.T) {
	t.Parallel()
	for _, number := range []int64{-1, 0, 1, 5} {
		if a := interpret(&request{op: acquire}, &call{value: number}, true); a.verdict != unknown {
			t.Errorf("%d means %v", number, a.verdict)
		}
		if a := interpret(&request{op: acquire, count: true}, &call{value: number}, true); a.verdict != yes || a.number != number {
			t.Errorf("of a node that counts %d means %v, %d", number, a.verdict, a.number)
		}
	}
}

package redlock

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// interpret says what a reply means for the vote.
func interpret(r *request, c *call, sent bool) answer {
	err := c.err
	switch {
	case err == redis.Nil && r.op == acquire:
		return answer{verdict: yes} // nothing was there before
	case err == redis.Nil:
		return answer{verdict: failed, err: errReply}
	case err == nil:
		return interpretReply(r, c.value)
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

func interpretReply(r *request, value any) answer {
	op := r.op
	number, isNumber := value.(int64)
	switch {
	case op == acquire && isNumber:
		if r.count {
			return answer{verdict: yes, number: number}
		}
		return answer{verdict: unknown, err: errReply} // no script of ours says so: it may be there
	case op == acquire:
		switch v := value.(type) {
		case []any:
			return readFenceRefusal(v)
		case string:
			return answer{verdict: no, holder: v}
		}
		return answer{verdict: no}
	case op == inspect:
		a := answer{verdict: yes, number: number}
		if items, is := value.([]any); is {
			a.array = &array{items}
		}
		return a
	case op == release && number > 0:
		return answer{verdict: yes, number: number - 1}
	case op == extend && number > 0, op == repair && number > 0:
		return answer{verdict: yes, number: number}
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

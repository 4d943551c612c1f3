package redlock

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// rawCommands are go-redis commands that are used again and again, and hand
// their replies over as they came. A command made anew for each request, and a
// reply looked at by go-redis, cost more than all else on the way of a request:
// it takes the null that grants a lock for an error, and looks into that.
type rawCommands struct {
	free    [maxArgs + 1][]*rawCommand // by the number of arguments
	used    [maxArgs + 1]int
	replies []byte
}

// maxArgs is what the longest command on the way of a lock has. Longer ones are
// made anew.
const maxArgs = 12

type rawCommand struct {
	*redis.RawWriteToCmd
	args []any // the command's own: what stands in it is sent
}

// keepReplies is how large a buffer may become that is used again: replies are
// short, but for one that names another holder.
const keepReplies = 1 << 16

// reset makes all commands free.
func (r *rawCommands) reset() {
	for n, used := range r.used {
		for _, c := range r.free[n][:used] {
			clear(c.args)
		}
	}
	clear(r.used[:])
	if r.replies = r.replies[:0]; cap(r.replies) > keepReplies {
		r.replies = nil
	}
}

// command gives one with these arguments.
func (r *rawCommands) command(args []any) redis.Cmder {
	n := len(args)
	if n > maxArgs {
		return redis.NewRawWriteToCmd(context.Background(), r, args...)
	}
	if r.used[n] == len(r.free[n]) {
		own := make([]any, n)
		// The pipeline's context counts, not this one.
		r.free[n] = append(r.free[n], &rawCommand{redis.NewRawWriteToCmd(context.Background(), r, own...), own})
	}
	c := r.free[n][r.used[n]]
	r.used[n]++
	copy(c.args, args)
	c.SetErr(nil)
	return c.RawWriteToCmd
}

// Write implements io.Writer, for the commands' replies.
func (r *rawCommands) Write(b []byte) (int, error) {
	r.replies = append(r.replies, b...)
	return len(b), nil
}

// read gives the replies to the calls that they are for. err is what the whole
// pipeline came to: that of a refused login is given to no command.
func (r *rawCommands) read(commands []redis.Cmder, calls []call, err error) {
	rest := r.replies
	for i, c := range commands {
		if failed := c.Err(); failed != nil {
			calls[i].err = failed
			continue
		}
		if len(rest) == 0 && err != nil {
			calls[i].err = err
			continue
		}
		calls[i].value, rest, calls[i].err = readReply(rest)
	}
}

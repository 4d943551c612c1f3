package proxy

import (
	"bytes"
	"math"
	"strconv"
)

// redcon's parser trusts the lengths a client announces: it panics on some,
// spins on others, and starts again on every read. framing looks at the bytes
// first and passes on whole, valid commands only.

// protocolError is a client's breach of the protocol, in Redis' own words.
// What follows it in the stream cannot be trusted.
type protocolError string

func (e protocolError) Error() string { return string(e) }

const (
	errMultibulk                protocolError = "Protocol error: invalid multibulk length"
	errMultibulkString          protocolError = "Protocol error: too big mbulk count string"
	errMultibulkUnauthenticated protocolError = "Protocol error: unauthenticated multibulk length"
	errBulk                     protocolError = "Protocol error: invalid bulk length"
	errBulkString               protocolError = "Protocol error: too big bulk count string"
	errBulkUnauthenticated      protocolError = "Protocol error: unauthenticated bulk length"
	errInline                   protocolError = "Protocol error: too big inline request"
	errQuotes                   protocolError = "Protocol error: unbalanced quotes in request"
)

const (
	// maxHeader bounds a header line, from `*` or `$` to \n. Redis allows
	// 64 KiB; the longest number that means anything takes 23 bytes.
	maxHeader   = 64
	minArgument = len("$0\r\n\r\n") // no argument is shorter
	// Beyond these Redis calls a length invalid, authenticated or not.
	redisMaxArgs = math.MaxInt32
	redisMaxBulk = 512 << 20
)

// framingLimits bound what one command may take before it is refused.
type framingLimits struct {
	args            int  // arguments in one command
	bulk            int  // bytes in one argument
	command         int  // bytes of one whole command, headers included
	inline          int  // bytes of one inline line, its \n not counted
	unauthenticated bool // a refusal says that it is for want of a password
}

// framing scans a byte stream for whole commands. The zero value with limits
// set is ready. It remembers how far it looked into a command that has not
// arrived whole, so that a client who drips bytes costs linear work. To change
// limits between two commands is safe, within one it is not.
type framing struct {
	limits framingLimits

	pos     int // where the header or the payload under way starts
	seen    int // bytes from pos that hold no \n
	args    int // arguments to come, the one under way included; 0: `*n` is not read
	end     int // where the argument under way ends, \r\n included; 0: `$n` is not read
	missing int // see needed
	inlineScratch
}

// next looks at buf, which starts at a command boundary and is all that has
// arrived and was not consumed. It returns one of
//   - packet and n: one whole command in array form, which took n bytes of
//     buf. packet aliases buf or framing's own memory, until the next call.
//   - n alone: n bytes to ignore, as Redis does: an empty line, `*0`, `*-1`.
//   - nothing: more bytes are needed.
//   - err, a protocolError.
func (f *framing) next(buf []byte) (packet []byte, n int, err error) {
	switch {
	case len(buf) == 0:
		f.missing = 1
	case buf[0] == '*':
		packet, n, err = f.array(buf)
	default:
		packet, n, err = f.inline(buf)
	}
	if n > 0 || err != nil {
		f.pos, f.seen, f.args, f.end, f.missing = 0, 0, 0, 0, 0
	}
	return packet, n, err
}

// needed is the least that the command under way still lacks, 0 if there is none.
func (f *framing) needed() int { return f.missing }

// array continues a command of the form `*n`, then n times `$size`, payload.
func (f *framing) array(buf []byte) ([]byte, int, error) {
	if f.args == 0 {
		count, done, err := f.header(buf, errMultibulkString, errMultibulk)
		if err != nil || !done {
			f.missing = 1
			return nil, 0, err
		}
		if count <= 0 {
			return nil, f.pos, nil
		}
		if err := f.setArgs(count); err != nil {
			return nil, 0, err
		}
	}
	for ; f.args > 0; f.args-- {
		if err := f.bulkHeader(buf); err != nil {
			return nil, 0, err
		}
		if f.end == 0 || f.end > len(buf) {
			f.missing = max(1, f.end+minArgument*(f.args-1)-len(buf))
			return nil, 0, nil
		}
		// Redis skips these two bytes unseen. redcon does not, and a client
		// who miscounts is better told than misunderstood.
		if buf[f.end-2] != '\r' || buf[f.end-1] != '\n' {
			return nil, 0, errBulk
		}
		f.pos, f.end = f.end, 0
	}
	return buf[:f.pos:f.pos], f.pos, nil
}

// setArgs accepts the announced number of arguments, or refuses it before any
// of them has arrived. From here on pos+minArgument*args <= limits.command, so
// that no sum of offsets and sizes can overflow.
func (f *framing) setArgs(count int) error {
	switch room := (f.limits.command - f.pos) / minArgument; {
	case count <= min(f.limits.args, room):
		f.args = count
		return nil
	case f.limits.unauthenticated && count <= redisMaxArgs:
		return errMultibulkUnauthenticated
	}
	return errMultibulk
}

// bulkHeader reads `$size`, if it is not read, and sets end, if all of it is
// there. It refuses a size that the limits or the command's rest forbid.
func (f *framing) bulkHeader(buf []byte) error {
	if f.end > 0 || f.pos == len(buf) {
		return nil
	}
	if c := buf[f.pos]; c != '$' {
		if c < ' ' || c == 0x7f { // a \r\n here would split the reply
			c = '?'
		}
		return protocolError("Protocol error: expected '$', got '" + string([]byte{c}) + "'")
	}
	size, done, err := f.header(buf, errBulkString, errBulk)
	if err != nil || !done {
		return err
	}
	switch room := f.limits.command - minArgument*(f.args-1) - f.pos - len("\r\n"); {
	case size >= 0 && size <= min(f.limits.bulk, room):
		f.end = f.pos + size + len("\r\n")
		return nil
	case f.limits.unauthenticated && size >= 0 && size <= redisMaxBulk:
		return errBulkUnauthenticated
	}
	return errBulk
}

// header reads the header line at pos, once it is whole, and moves pos behind it.
func (f *framing) header(buf []byte, tooBig, invalid protocolError) (number int, done bool, err error) {
	line := buf[f.pos:min(len(buf), f.pos+maxHeader)]
	i := f.seen
	for i < len(line) && line[i] != '\n' { // headers are too short for bytes.IndexByte to win
		i++
	}
	switch {
	case i == maxHeader:
		return 0, false, tooBig
	case i == len(line):
		f.seen = i
		return 0, false, nil
	case i < 2 || line[i-1] != '\r':
		return 0, false, invalid
	}
	number, ok := parseLength(line[1 : i-1])
	if !ok {
		return 0, false, invalid
	}
	f.pos, f.seen = f.pos+i+1, 0
	return number, true, nil
}

// parseLength reads a number as strictly as Redis does: without the plus and
// the leading zeros that Atoi lets pass. Most lengths have one digit.
func parseLength(b []byte) (n int, ok bool) {
	if len(b) == 1 {
		n = int(b[0]) - '0'
		return n, 0 <= n && n <= 9
	}
	digits := bytes.TrimPrefix(b, []byte{'-'})
	if len(digits) == 0 || digits[0] == '+' || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(string(b))
	return n, err == nil
}

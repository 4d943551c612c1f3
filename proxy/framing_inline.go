package proxy

import (
	"bytes"
	"encoding/hex"

	"github.com/tidwall/redcon"
)

// inlineScratch is the memory in which an inline line becomes an array. It is
// kept from line to line, and is no larger than the limits let a line grow.
type inlineScratch struct {
	words  []byte // the unquoted words, one after the other
	ends   []int  // where in words each of them ends
	packet []byte // the same as a command in array form
}

// forget gives the memory of a long line back.
func (s *inlineScratch) forget() {
	if cap(s.packet) > smallRead {
		*s = inlineScratch{}
	}
}

// inline continues a command typed as one line, the form people use by hand.
// redcon never sees the line itself: its own splitter differs from Redis', and
// takes a line that starts with `$` for another protocol.
func (f *framing) inline(buf []byte) ([]byte, int, error) {
	window := buf
	if len(window) > f.limits.inline {
		window = window[:f.limits.inline+1]
	}
	i := bytes.IndexByte(window[f.seen:], '\n')
	if i < 0 {
		if f.seen, f.missing = len(window), 1; f.seen > f.limits.inline {
			return nil, 0, errInline
		}
		return nil, 0, nil
	}
	i += f.seen
	if err := f.split(bytes.TrimSuffix(buf[:i], []byte{'\r'})); err != nil {
		return nil, 0, err
	}
	if len(f.ends) == 0 {
		return nil, i + 1, nil
	}
	f.packet = redcon.AppendArray(f.packet[:0], len(f.ends))
	start := 0
	for _, end := range f.ends {
		f.packet = redcon.AppendBulk(f.packet, f.words[start:end])
		start = end
	}
	if len(f.packet) > f.limits.command {
		return nil, 0, errInline
	}
	return f.packet, i + 1, nil
}

// split fills words and ends with the words of line. A line whose words go
// beyond a limit is "too big": no length was announced that could be invalid.
func (f *framing) split(line []byte) error {
	f.words, f.ends = f.words[:0], f.ends[:0]
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return nil
		}
		start := len(f.words)
		if i = f.word(line, i); i < 0 {
			return errQuotes
		}
		if len(f.words)-start > f.limits.bulk || len(f.ends) == f.limits.args {
			return errInline
		}
		f.ends = append(f.ends, len(f.words))
	}
}

// word appends to words the one at line[i] and returns the index behind it, or
// -1 when its quotes are unbalanced. As in Redis a quote may open within a word
// but ends it where it closes, and \v and \f separate words only where a word
// could start.
func (f *framing) word(line []byte, i int) int {
	for ; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\r':
			return i
		case '"', '\'':
			return f.quoted(line, i+1, c)
		default:
			f.words = append(f.words, c)
		}
	}
	return i
}

// quoted appends what stands before the closing quote. It returns the index
// behind that quote, or -1 if there is none or a space does not follow it.
func (f *framing) quoted(line []byte, i int, quote byte) int {
	for ; i < len(line); i++ {
		c := line[i]
		if c == quote {
			if i++; i < len(line) && !isSpace(line[i]) {
				return -1
			}
			return i
		}
		if c == '\\' && i+1 < len(line) {
			var used int
			c, used = unescape(line[i+1:], quote)
			i += used
		}
		f.words = append(f.words, c)
	}
	return -1
}

// unescape returns the byte that a backslash followed by rest stands for, and
// how many bytes of rest belong to it. Between single quotes only the quote
// itself can be escaped.
func unescape(rest []byte, quote byte) (c byte, used int) {
	if quote == '\'' {
		if rest[0] == '\'' {
			return '\'', 1
		}
		return '\\', 0
	}
	switch rest[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	case 'x':
		var b [1]byte
		if len(rest) > 2 {
			if _, err := hex.Decode(b[:], rest[1:3]); err == nil {
				return b[0], 3
			}
		}
	}
	return rest[0], 1
}

// isSpace is C's isspace: redcon and Redis count bytes, not runes.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

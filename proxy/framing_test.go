package proxy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	// redisFramingLimits are those of a Redis with its default configuration.
	redisFramingLimits = framingLimits{args: redisMaxArgs, bulk: redisMaxBulk, command: 1 << 30, inline: 64 << 10}
	// smallFramingLimits can be reached by short inputs.
	smallFramingLimits = framingLimits{args: 8, bulk: 64, command: 140, inline: 100}
)

func withoutPassword(l framingLimits, args, bulk int) framingLimits {
	l.args, l.bulk, l.unauthenticated = args, bulk, true
	return l
}

// framingRefusals lists what Redis and framing refuse with the same sentence.
var framingRefusals = []struct {
	name, input, want string
	unauthenticated   bool
}{
	{"a count that is no number", "*x\r\n", "invalid multibulk length", false},
	{"no count", "*\r\n", "invalid multibulk length", false},
	{"a count with a plus", "*+1\r\n", "invalid multibulk length", false},
	{"a count with a leading zero", "*01\r\n", "invalid multibulk length", false},
	{"minus zero", "*-0\r\n", "invalid multibulk length", false},
	{"a minus alone", "*-\r\n", "invalid multibulk length", false},
	{"two signs", "*-+1\r\n", "invalid multibulk length", false},
	{"a count with a space", "* 1\r\n", "invalid multibulk length", false},
	{"a count beyond Redis' limit", "*2147483648\r\n", "invalid multibulk length", false},
	{"the count that makes redcon spin", "*9223372036854775807\r\n", "invalid multibulk length", false},
	{"a count beyond int64", "*9223372036854775808\r\n", "invalid multibulk length", false},
	{"a count below int64", "*-9223372036854775809\r\n", "invalid multibulk length", false},
	{"a count beyond uint64", "*18446744073709551617\r\n", "invalid multibulk length", false},
	{"an endless count", "*" + strings.Repeat("1", 70000), "too big mbulk count string", false},
	{"an endless size", "*1\r\n$" + strings.Repeat("1", 70000), "too big bulk count string", false},
	{"an endless line", strings.Repeat("a", 70000), "too big inline request", false},
	{"something else than a size", "*1\r\nPING\r\n", "expected '$', got 'P'", false},
	{"a number instead of a bulk", "*2\r\n$4\r\nECHO\r\n:1\r\n", "expected '$', got ':'", false},
	{"a negative size", "*1\r\n$-1\r\n", "invalid bulk length", false},
	{"no size", "*1\r\n$\r\n", "invalid bulk length", false},
	{"a size with a leading zero", "*1\r\n$04\r\nPING\r\n", "invalid bulk length", false},
	{"a size beyond Redis' limit", "*1\r\n$536870913\r\n", "invalid bulk length", false},
	{"the size that makes redcon panic", "*1\r\n$9223372036854775807\r\nx", "invalid bulk length", false},
	{"unclosed double quotes", "ECHO \"a\r\n", "unbalanced quotes in request", false},
	{"unclosed single quotes", "ECHO 'a\n", "unbalanced quotes in request", false},
	{"an escape without its byte", "ECHO \"a\\\r\n", "unbalanced quotes in request", false},
	{"text after a closing quote", "ECHO \"a\"b\r\n", "unbalanced quotes in request", false},
	{"many arguments without a password", "*11\r\n", "unauthenticated multibulk length", true},
	{"a big argument without a password", "*1\r\n$16385\r\n", "unauthenticated bulk length", true},
	{"an impossible count without a password", "*2147483648\r\n", "invalid multibulk length", true},
	{"an impossible size without a password", "*1\r\n$536870913\r\n", "invalid bulk length", true},
}

func TestFramingRefusesInRedisWords(t *testing.T) {
	for _, tt := range framingRefusals {
		limits := redisFramingLimits
		if tt.unauthenticated {
			limits = withoutPassword(limits, 10, 16384)
		}
		for _, step := range []int{len(tt.input), 1} {
			events := feedFraming(t, limits, []byte(tt.input), func() int { return step })
			if got, want := lastScanned(events).err, "Protocol error: "+tt.want; got != want {
				t.Errorf("%s, %d bytes at a time: got %q, want %q", tt.name, step, got, want)
			}
		}
	}
}

func TestFramingOwnLimits(t *testing.T) {
	for _, tt := range []struct{ name, input, want string }{
		{"count", "*9\r\n", "invalid multibulk length"},
		{"size", "*1\r\n$65\r\n", "invalid bulk length"},
		{"sizes together", "*3\r\n$60\r\n" + strings.Repeat("a", 60) + "\r\n$60\r\n", "invalid bulk length"},
		{"header without an end", "*" + strings.Repeat("1", maxHeader-1), "too big mbulk count string"},
		{"size without an end", "*1\r\n$" + strings.Repeat("1", maxHeader-1), "too big bulk count string"},
		{"header without \\r", "*12\n", "invalid multibulk length"},
		{"header of \\n", "*\n", "invalid multibulk length"},
		{"size without \\r", "*1\r\n$12\n", "invalid bulk length"},
		{"payload longer than said", "*1\r\n$1\r\nab\r", "invalid bulk length"},
		{"payload without \\r", "*1\r\n$1\r\na\n\n", "invalid bulk length"},
		{"byte that would split the reply", "*1\r\n\r", "expected '$', got '?'"},
		{"byte that no terminal shows", "*1\r\n\x7f", "expected '$', got '?'"},
		{"line", strings.Repeat("a", 101), "too big inline request"},
		{"words of a line", "1 2 3 4 5 6 7 8 9\n", "too big inline request"},
		{"words that make too long an array", strings.Repeat("elevenbytes ", 8) + "\n", "too big inline request"},
		{"word of a line", strings.Repeat("a", 65) + "\n", "too big inline request"},
	} {
		events := feedFraming(t, smallFramingLimits, []byte(tt.input), func() int { return 1 })
		if got := lastScanned(events); got.err != "Protocol error: "+tt.want || got.at != len(tt.input) {
			t.Errorf("%s: got %q after %d bytes, want %q after %d", tt.name, got.err, got.at, tt.want, len(tt.input))
		}
	}
	tight := withoutPassword(framingLimits{command: 30}, 10, 100)
	for input, want := range map[string]error{"*5\r\n": errMultibulkUnauthenticated, "*1\r\n$50\r\n": errBulkUnauthenticated} {
		if got := lastScanned(feedFraming(t, tight, []byte(input), func() int { return 1 })).err; got != want.Error() {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

func TestFramingIgnoresWhatRedisIgnores(t *testing.T) {
	for _, input := range []string{"*0\r\n", "*-1\r\n", "*-9223372036854775808\r\n", "\r\n", "\n", " \t\v\f\r \r\n"} {
		want := scanned{n: len(input), at: len(input)}
		if got := feedFraming(t, smallFramingLimits, []byte(input), func() int { return 1 }); len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %v, want %v", input, got, want)
		}
	}
}

// What was looked at is overwritten with line ends between two calls: whoever
// looked again would take them for headers and lines.
func TestFramingLooksOnce(t *testing.T) {
	for name, command := range map[string]string{
		"40,000 arguments": "*40000\r\n" + strings.Repeat("$2\r\nab\r\n", 40000),
		"one big argument": "*1\r\n$60000\r\n" + strings.Repeat("a", 60000) + "\r\n",
		"one long line":    strings.Repeat("a", 60000) + "\n",
	} {
		f, buf, dirty, n := framing{limits: redisFramingLimits}, []byte(command), 1, 0
		for i := 1; i <= len(buf) && n == 0; i++ {
			if command[i-1] == '\n' { // now the line itself, or the \r before, is read
				copy(buf[f.pos:i], command[f.pos:])
				dirty = max(1, f.pos)
			}
			var err error
			if _, n, err = f.next(buf[:i]); err != nil {
				t.Fatalf("%s: %v after %d bytes", name, err, i)
			}
			// The first byte of a header tells on every call what it is.
			for dirty = max(dirty, f.pos+1); dirty < f.pos+f.seen; dirty++ {
				buf[dirty] = '\n'
			}
		}
		if n != len(command) {
			t.Errorf("%s: took %d bytes, want %d", name, n, len(command))
		}
	}
}

func TestInlineSplitting(t *testing.T) {
	for line, want := range map[string]string{
		"LOCK jobs:42 10000\r\n":    "*3\r\n$4\r\nLOCK\r\n$7\r\njobs:42\r\n$5\r\n10000\r\n",
		" \tPING \n":                "*1\r\n$4\r\nPING\r\n",
		`"\n\r\t\b\a\"\q\\"` + "\n": "*1\r\n$8\r\n\n\r\t\b\a\"q\\\r\n",
		`"\xfF\x0\x"` + "\n":        "*1\r\n$4\r\n\xffx0x\r\n",
		`'\'\n'` + "\n":             "*1\r\n$3\r\n'\\n\r\n",
		`a"b c" ''` + "\n":          "*2\r\n$4\r\nab c\r\n$0\r\n\r\n",
		"a\x00b a\vb\n":             "*2\r\n$3\r\na\x00b\r\n$3\r\na\vb\r\n",
		"\v'a'\f\n":                 "*1\r\n$1\r\na\r\n",
		"$4 PING\n":                 "*2\r\n$2\r\n$4\r\n$4\r\nPING\r\n", // redcon alone would speak Tile38's protocol
	} {
		if got := lastScanned(feedFraming(t, smallFramingLimits, []byte(line), func() int { return 1 })); got.packet != want {
			t.Errorf("%q: got %q (%s), want %q", line, got.packet, got.err, want)
		}
	}
}

func TestFramingRandomCommandsCutAnywhere(t *testing.T) {
	for range 300 {
		var stream []byte
		var want, got []string
		for range rand.IntN(20) {
			args := make([][]byte, 1+rand.IntN(smallFramingLimits.args))
			for i := range args {
				args[i] = make([]byte, rand.IntN(11))
				for j := range args[i] {
					args[i][j] = byte(rand.Uint32())
				}
			}
			want = append(want, string(encodeCommand(args)))
			stream = append(stream, want[len(want)-1]...)
		}
		for _, e := range feedFraming(t, smallFramingLimits, stream, func() int { return 1 + rand.IntN(50) }) {
			got = append(got, e.packet)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

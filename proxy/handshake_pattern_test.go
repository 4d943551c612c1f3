package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// pattern tells which replies will do. Which encoding they come in is not its
// subject, readReply sees to that.
//
//	?          whatever comes, the client does not look
//	any        anything but an error
//	+OK        this status
//	-ERR no    an error that begins so
//	!-ERR no   an error that does not begin so
//	:3         this integer; a mere : is any
//	"a b"      this bulk string; a mere $ is any
//	{word}     any bulk string but an empty one, which gets this name
//	null
//	text a: b  text with, for each of these, a line that begins so
//	array p p  these elements; a mere array is any
//	push p p   the same as a message out of turn, in RESP2 an array
//	map k=p    these keys at least; in RESP2 an array of keys and values
type pattern struct {
	line  string // as it stands in the transcript
	kind  string
	text  string // or the number, or the name
	parts []part
}

// part of an array or map. An array's have no key.
type part struct {
	key  string
	want pattern
}

var errPattern = errors.New("not a pattern")

func parsePattern(line string) (p pattern, err error) {
	switch { // these may have spaces
	case strings.HasPrefix(line, "+"), strings.HasPrefix(line, "-"):
		return pattern{line: line, kind: line[:1], text: line[1:]}, nil
	case strings.HasPrefix(line, "!-"):
		return pattern{line: line, kind: "!-", text: line[2:]}, nil
	}
	words, err := splitWords(line)
	if err != nil || len(words) == 0 {
		return p, errors.Join(errPattern, err)
	}
	if p, err = parseWord(words[0]); err == nil && len(words) > 1 {
		err = p.parseParts(words[1:])
	}
	p.line = line
	return p, err
}

func parseWord(word string) (p pattern, err error) {
	switch word {
	case "?", "any", "null", "text", "array", "push", "map", "$", ":":
		return pattern{kind: word}, nil
	}
	switch first := word[0]; {
	case first == '+':
		return pattern{kind: "+", text: word[1:]}, nil
	case first == ':':
		_, err = strconv.ParseInt(word[1:], 10, 64)
		return pattern{kind: ":", text: word[1:]}, err
	case first == '"':
		p.kind = `"`
		p.text, err = strconv.Unquote(word)
		return p, err
	case first == '{' && strings.HasSuffix(word, "}"):
		return pattern{kind: "{", text: word}, nil
	}
	return p, fmt.Errorf("%w: %s", errPattern, word)
}

func (p *pattern) parseParts(words []string) error {
	for _, w := range words {
		next := part{}
		switch p.kind {
		case "array", "push":
		case "map":
			key, value, found := strings.Cut(w, "=")
			if !found || value == "" {
				return fmt.Errorf("%w: a map has key=value, not %s", errPattern, w)
			}
			next.key, w = key, value
		case "text":
			p.parts = append(p.parts, part{key: w})
			continue
		default:
			return fmt.Errorf("%w: nothing can stand behind %s", errPattern, p.kind)
		}
		want, err := parseWord(w)
		if err != nil {
			return err
		}
		next.want = want
		p.parts = append(p.parts, next)
	}
	return nil
}

// match tells whether a reply will do, and adds to the names.
func (p pattern) match(r reply, proto int, names map[string]string) bool {
	switch p.kind {
	case "?":
		return true
	case "any":
		return r.kind != '-'
	case "+":
		return r.kind == '+' && r.text == p.text
	case "-":
		return r.kind == '-' && strings.HasPrefix(r.text, p.text)
	case "!-":
		return r.kind == '-' && !strings.HasPrefix(r.text, p.text)
	case ":":
		return r.kind == ':' && (p.text == "" || r.text == p.text)
	case `"`:
		return r.kind == '$' && r.text == p.text
	case "$":
		return r.kind == '$'
	case "{":
		names[p.text] = r.text
		return r.kind == '$' && r.text != ""
	case "null":
		return r.kind == '_'
	case "text":
		return (r.kind == '$' || r.kind == '=') && p.matchLines(r.text)
	case "array":
		return r.kind == '*' && p.matchList(r.items, proto, names)
	case "push":
		return r.kind == map[int]byte{2: '*', 3: '>'}[proto] && p.matchList(r.items, proto, names)
	case "map":
		return r.kind == map[int]byte{2: '*', 3: '%'}[proto] && p.matchMap(r.items, proto, names)
	}
	return false
}

func (p pattern) matchLines(text string) bool {
	for _, begin := range p.parts {
		if !strings.Contains("\n"+text, "\n"+begin.key) {
			return false
		}
	}
	return true
}

func (p pattern) matchList(items []reply, proto int, names map[string]string) bool {
	if p.parts == nil {
		return true
	}
	if len(items) != len(p.parts) {
		return false
	}
	for i, next := range p.parts {
		if !next.want.match(items[i], proto, names) {
			return false
		}
	}
	return true
}

// matchMap finds each key exactly once.
func (p pattern) matchMap(items []reply, proto int, names map[string]string) bool {
	if len(items)%2 != 0 {
		return false
	}
	for _, next := range p.parts {
		found := 0
		for i := 0; i < len(items); i += 2 {
			if items[i].kind == '$' && items[i].text == next.key && next.want.match(items[i+1], proto, names) {
				found++
			}
		}
		if found != 1 {
			return false
		}
	}
	return true
}

func TestPatternsTellRepliesApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		proto   int
		good    []string
		bad     []string
	}{
		{"?", 2, []string{"+OK\r\n", "-ERR\r\n", "$-1\r\n", "*1\r\n*0\r\n"}, []string{"+OK\n", "OK\r\n", "\r\n", "$2\r\nabc\r\n", "$2\r\na", "*2\r\n:1\r\n", "_\r\n", "%0\r\n", "$-2\r\n", ":+1\r\n", ":\r\n"}},
		{"?", 3, []string{"_\r\n", "%1\r\n+a\r\n:1\r\n", "=5\r\ntxt:a\r\n"}, []string{"$-1\r\n", "*-1\r\n", "%1\r\n+a\r\n", "=5\r\nabcde\r\n", "_x\r\n", "?\r\n"}},
		{"any", 2, []string{"+OK\r\n", "$-1\r\n"}, []string{"-ERR\r\n"}},
		{"+OK", 2, []string{"+OK\r\n"}, []string{"+OKAY\r\n", "$2\r\nOK\r\n", "-OK\r\n"}},
		{"-ERR no", 2, []string{"-ERR no\r\n", "-ERR not\r\n"}, []string{"-ERR\r\n", "-err no\r\n", "+ERR no\r\n", "$6\r\nERR no\r\n"}},
		{"!-ERR no", 2, []string{"-ERR\r\n", "-NO\r\n"}, []string{"-ERR no way\r\n", "+OK\r\n"}},
		{":", 2, []string{":1\r\n", ":-7\r\n"}, []string{"$1\r\n1\r\n"}},
		{":3", 2, []string{":3\r\n"}, []string{":4\r\n", ":33\r\n"}},
		{"$", 2, []string{"$0\r\n\r\n"}, []string{"+OK\r\n", "$-1\r\n", ":1\r\n"}},
		{"$", 3, []string{"$0\r\n\r\n"}, []string{"=4\r\ntxt:\r\n", "_\r\n"}},
		{`"a \r\n\xff"`, 2, []string{"$5\r\na \r\n\xff\r\n"}, []string{"$4\r\na \r\n\r\n", "+a\r\n"}},
		{"{token}", 2, []string{"$1\r\na\r\n"}, []string{"$0\r\n\r\n", "+a\r\n", "$-1\r\n"}},
		{"null", 2, []string{"$-1\r\n", "*-1\r\n"}, []string{"$0\r\n\r\n", "*0\r\n"}},
		{"null", 3, []string{"_\r\n"}, []string{"*0\r\n"}},
		{"text a: b:1", 2, []string{"$9\r\na:3\r\nb:11\r\n"}, []string{"$3\r\na:3\r\n", "$9\r\nxa:3\r\nb:1\r\n", "+a:\r\n"}},
		{"text a:", 3, []string{"=7\r\ntxt:a:1\r\n", "$2\r\na:\r\n"}, []string{"=6\r\ntxt:a1\r\n"}},
		{"array", 2, []string{"*0\r\n", "*1\r\n:1\r\n"}, []string{"*-1\r\n", "$0\r\n\r\n"}},
		{`array "a" :`, 2, []string{"*2\r\n$1\r\na\r\n:5\r\n"}, []string{"*1\r\n$1\r\na\r\n", "*3\r\n$1\r\na\r\n:5\r\n:5\r\n", "*2\r\n$1\r\nb\r\n:5\r\n"}},
		{`push "a"`, 2, []string{"*1\r\n$1\r\na\r\n"}, []string{">1\r\n$1\r\na\r\n", "*1\r\n$1\r\nb\r\n"}},
		{`push "a"`, 3, []string{">1\r\n$1\r\na\r\n"}, []string{"*1\r\n$1\r\na\r\n"}},
		{"map", 2, []string{"*0\r\n", "*2\r\n$1\r\na\r\n:1\r\n"}, []string{"%0\r\n", "*1\r\n:1\r\n", "$0\r\n\r\n"}},
		{`map a=:1`, 2, []string{"*4\r\n$1\r\nb\r\n*0\r\n$1\r\na\r\n:1\r\n"}, []string{"*2\r\n$1\r\na\r\n:2\r\n", "*2\r\n$1\r\nb\r\n:1\r\n", "*4\r\n$1\r\nb\r\n$1\r\na\r\n:1\r\n:1\r\n", "*4\r\n$1\r\na\r\n:1\r\n$1\r\na\r\n:1\r\n"}},
		{`map a=:1`, 3, []string{"%2\r\n$1\r\nb\r\n*0\r\n$1\r\na\r\n:1\r\n"}, []string{"*2\r\n$1\r\na\r\n:1\r\n", "%0\r\n", "%1\r\n$1\r\na\r\n$1\r\n1\r\n"}},
	} {
		want, err := parsePattern(c.pattern)
		if err != nil {
			t.Error(err)
		}
		fits := func(wire string) bool {
			got, err := readReply(bufio.NewReader(strings.NewReader(wire)), c.proto)
			return err == nil && want.match(got, c.proto, map[string]string{})
		}
		for _, wire := range c.good {
			if !fits(wire) {
				t.Errorf("RESP%d: %q does not fit %s", c.proto, wire, c.pattern)
			}
		}
		for _, wire := range c.bad {
			if fits(wire) {
				t.Errorf("RESP%d: %q fits %s", c.proto, wire, c.pattern)
			}
		}
	}
}

package clients

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// reply is what a driver says that its client gave: one of the letters of
// doc.go and what belongs to it.
type reply struct {
	kind  byte // n i s e x a m
	text  string
	items []reply // of a map: key, value, key, value
}

func null() reply            { return reply{kind: 'n'} }
func integer(n int) reply    { return reply{kind: 'i', text: strconv.Itoa(n)} }
func bulk(s string) reply    { return reply{kind: 's', text: s} }
func (r reply) isText() bool { return strings.IndexByte("sex", r.kind) >= 0 }

// String shows a reply to whoever reads a failure.
func (r reply) String() string {
	switch r.kind {
	case 'n':
		return "null"
	case 'i':
		return r.text
	case 's':
		return strconv.Quote(r.text)
	case 'e':
		return "error " + strconv.Quote(r.text)
	case 'x':
		return "no reply: " + strconv.Quote(r.text)
	}
	var items []string
	for _, item := range r.items {
		items = append(items, item.String())
	}
	open, end := "[", "]"
	if r.kind == 'm' {
		open, end = "{", "}"
	}
	return open + strings.Join(items, " ") + end
}

// parseReply reads a driver's answer, which must be nothing but one reply.
func parseReply(line string) (reply, error) {
	r, rest, err := cutReply(line)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q behind a reply", rest)
	}
	if err != nil {
		return reply{}, fmt.Errorf("not a reply: %q: %w", line, err)
	}
	return r, nil
}

// cutReply reads the reply at the start of a text, and gives what follows it.
func cutReply(text string) (reply, string, error) {
	if text == "" {
		return reply{}, "", fmt.Errorf("the line ends too early")
	}
	r := reply{kind: text[0]}
	if r.kind == 'a' || r.kind == 'm' {
		return cutItems(r, text[1:])
	}
	word := text[1:]
	if end := strings.IndexAny(word, " )"); end >= 0 {
		word = word[:end]
	}
	rest := text[1+len(word):]
	switch {
	case r.kind == 'n' && word == "":
		return r, rest, nil
	case r.kind == 'i':
		_, err := strconv.ParseInt(word, 10, 64)
		r.text = word
		return r, rest, err
	case r.isText():
		raw, err := hex.DecodeString(word)
		r.text = string(raw)
		return r, rest, err
	}
	return reply{}, "", fmt.Errorf("%q is none of n i s e x a m", text[:1+len(word)])
}

// cutItems reads what stands between the parentheses of an array or a map.
func cutItems(r reply, text string) (reply, string, error) {
	text, found := strings.CutPrefix(text, "(")
	for found {
		if rest, ended := strings.CutPrefix(text, ")"); ended {
			if r.kind == 'm' && len(r.items)%2 != 0 {
				return reply{}, "", fmt.Errorf("a map without its last value")
			}
			return r, rest, nil
		}
		if len(r.items) > 0 {
			text, found = strings.CutPrefix(text, " ")
		}
		if found {
			var item reply
			var err error
			if item, text, err = cutReply(text); err != nil {
				return reply{}, "", err
			}
			r.items = append(r.items, item)
		}
	}
	return reply{}, "", fmt.Errorf("parenthesis or space expected before %q", text)
}

func TestParseReply(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"n":                         `null`,
		"i-42":                      `-42`,
		"s":                         `""`,
		"s0a0bff":                   `"\n\v\xff"`,
		"e455252":                   `error "ERR"`,
		"x45":                       `no reply: "E"`,
		"a()":                       `[]`,
		"a(n i1 a(s61 n) m(s62 n))": `[null 1 ["a" null] {"b" null}]`,
	} {
		if got, err := parseReply(line); err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v, want %s", line, got, err, want)
		}
	}
	for _, line := range []string{
		"", "q", "nn", "i", "ix", "s0", "sxx", "n ", "n n", "a", "a(", "a(n", "a(n  n)", "a(nn)", "a(n))", "m(n)", "a( n)",
	} {
		if got, err := parseReply(line); err == nil {
			t.Errorf("%q: got %v, want an error", line, got)
		}
	}
}

package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// reply is one whole reply. All nulls are of kind '_', whose form is a matter
// of the protocol; otherwise the kind is the first byte.
type reply struct {
	kind  byte
	text  string // without the length, and the "txt:" of verbatim text
	items []reply
}

// kindsOf a protocol.
func kindsOf(proto int) string {
	if proto == 3 {
		return "+-:$*_%>="
	}
	return "+-:$*"
}

// readReply reads exactly one reply and is strict about its encoding: no RESP3
// before HELLO 3, no RESP2 nulls after it.
func readReply(in *bufio.Reader, proto int) (r reply, err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return r, fmt.Errorf("got %q, then %w", line, err)
	}
	if !strings.HasSuffix(line, "\r\n") || len(line) < 3 {
		return r, fmt.Errorf("got %q, want a line", line)
	}
	r.kind, r.text = line[0], line[1:len(line)-2]
	if !strings.ContainsRune(kindsOf(proto), rune(r.kind)) {
		return r, fmt.Errorf("got %q, which is not RESP%d", line, proto)
	}
	switch r.kind {
	case '+', '-':
		return r, nil
	case '_':
		return r, errorIf(r.text != "", line)
	}
	n, err := strconv.ParseInt(r.text, 10, 64)
	if err != nil || r.text != strconv.FormatInt(n, 10) {
		return r, fmt.Errorf("got %q, want a number in it", line)
	}
	switch {
	case r.kind == ':':
		return r, nil
	case n == -1 && proto == 2:
		return reply{kind: '_'}, nil
	case n < 0 || n > 1<<20:
		return r, fmt.Errorf("got %q, which is no length", line)
	case r.kind == '$' || r.kind == '=':
		return r, r.readText(in, int(n))
	}
	r.text = ""
	return r, r.readItems(in, int(n), proto)
}

func errorIf(wrong bool, line string) error {
	if wrong {
		return fmt.Errorf("got %q", line)
	}
	return nil
}

func (r *reply) readText(in io.Reader, n int) error {
	text := make([]byte, n+2)
	if _, err := io.ReadFull(in, text); err != nil {
		return fmt.Errorf("in a string: %w", err)
	}
	if string(text[n:]) != "\r\n" {
		return fmt.Errorf("%q does not end where it should", text)
	}
	r.text = string(text[:n])
	if r.kind == '=' {
		var found bool
		r.text, found = strings.CutPrefix(r.text, "txt:")
		return errorIf(!found, string(text))
	}
	return nil
}

func (r *reply) readItems(in *bufio.Reader, n, proto int) error {
	if r.kind == '%' {
		n *= 2
	}
	for range n {
		item, err := readReply(in, proto)
		if err != nil {
			return err
		}
		r.items = append(r.items, item)
	}
	return nil
}

// String shows a reply in a message.
func (r reply) String() string {
	switch r.kind {
	case '*', '%', '>':
		return fmt.Sprintf("%c%v", r.kind, r.items)
	case '_':
		return "null"
	}
	return fmt.Sprintf("%c%q", r.kind, r.text)
}

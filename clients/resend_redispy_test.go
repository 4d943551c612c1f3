package clients

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What redis-py 8 does by default: _defaults.py and backoff.py of 8.1.0.
const (
	redisPyTimeout = 5 * time.Second
	redisPyRetries = 10
	redisPyBase    = 10 * time.Millisecond // of the pause before a retry
	redisPyCap     = time.Second
)

// redisPy plays the part of redis-py 8, which the tests can not install: each
// command is sent as it does and its reply awaited. When that takes too long,
// the connection is closed at once, and after a pause all is done again.
type redisPy struct {
	address   string
	timeout   time.Duration
	handshake [][]string
	conn      net.Conn // nil: to be made
	in        *bufio.Reader
}

func (s *stage) redisPyParty(t *testing.T, timeout time.Duration) *party {
	t.Helper()
	p := startTap(t, "redis-py 8", s.proxy.address)
	c := &redisPy{address: p.address, timeout: timeout, handshake: redisPyHandshake(t)}
	t.Cleanup(c.disconnect)
	return &party{p, newCaller(c.call)}
}

// redisPyHandshake is what it sends before the first command of its user.
func redisPyHandshake(t *testing.T) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile("../proxy/testdata/handshakes/redis-py-8.1.0.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		sent, found := strings.CutPrefix(line, "> ")
		switch words := strings.Fields(sent); {
		case !found:
		case words[0] == "LOCK":
			return all
		default:
			all = append(all, words)
		}
	}
	t.Fatal("the transcript has no LOCK")
	return nil
}

func (c *redisPy) call(words []string) reply {
	for failures := 1; ; failures++ {
		got, err := c.once(words)
		if err == nil {
			return got
		}
		c.disconnect()
		if failures > redisPyRetries {
			return reply{kind: 'x', text: err.Error()}
		}
		pause := rand.Float64() * float64(redisPyBase) * float64(int(1)<<failures)
		time.Sleep(min(time.Duration(pause), redisPyCap))
	}
}

func (c *redisPy) once(words []string) (reply, error) {
	if c.conn == nil {
		if err := c.connect(); err != nil {
			return reply{}, err
		}
	}
	return c.exchange(words)
}

func (c *redisPy) connect() error {
	conn, err := net.DialTimeout("tcp", c.address, c.timeout)
	if err != nil {
		return err
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
	for i, words := range c.handshake {
		got, err := c.exchange(words)
		if err != nil {
			return err
		}
		if i == 0 && got.kind != 'm' { // HELLO
			return fmt.Errorf("%q: %v", words, got)
		}
	}
	return nil
}

func (c *redisPy) exchange(words []string) (reply, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return reply{}, err
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(c.timeout)) // It fails only when closed.
	return readRESP3(c.in)
}

func (c *redisPy) disconnect() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// readRESP3 reads what the proxy answers to a LOCK and in the handshake.
func readRESP3(in *bufio.Reader) (reply, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '_':
		return null(), nil
	case '+':
		return bulk(rest), nil
	case '-':
		return reply{kind: 'e', text: rest}, nil
	case ':':
		return reply{kind: 'i', text: rest}, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return reply{}, fmt.Errorf("reply %q: %w", line, err)
	}
	switch kind {
	case '$':
		text := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(in, text)
		return bulk(string(text[:n])), err
	case '*':
		return readItems(in, 'a', n)
	case '%':
		return readItems(in, 'm', 2*n)
	}
	return reply{}, fmt.Errorf("reply %q is of an unknown kind", line)
}

func readItems(in *bufio.Reader, kind byte, n int) (reply, error) {
	r := reply{kind: kind}
	for range n {
		item, err := readRESP3(in)
		if err != nil {
			return r, err
		}
		r.items = append(r.items, item)
	}
	return r, nil
}

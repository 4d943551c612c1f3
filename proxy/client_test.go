package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client is a raw connection to a proxy. It knows bytes, so that a test shows
// what is on the wire.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// dial connects to the proxy. The connection ends with the test.
func (f *front) dial() *client {
	f.t.Helper()
	return dial(f.t, f.addr.Network(), f.addr.String())
}

func dial(t testing.TB, network, address string) *client {
	t.Helper()
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// send writes bytes as they are, in one write.
func (c *client) send(bytes string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, bytes); err != nil {
		c.t.Fatalf("sending %.100q: %v", bytes, err)
	}
}

// want reads exactly these bytes.
func (c *client) want(bytes string) {
	c.t.Helper()
	for i := range len(bytes) {
		got, err := c.in.ReadByte()
		if err == nil && got == bytes[i] {
			continue
		}
		if err != nil {
			c.t.Fatalf("got %q and then %v, want %q", bytes[:i], err, bytes)
		}
		c.t.Fatalf("got %q, want %q", bytes[:i]+string([]byte{got})+c.rest(), bytes)
	}
}

// rest is what else has come, for a message.
func (c *client) rest() string {
	_ = c.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	rest, _ := io.ReadAll(io.LimitReader(c.in, 1000))
	return string(rest)
}

// line reads up to \r\n.
func (c *client) line() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("got %q and then %v, want a line", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// wantGrant reads the reply to a LOCK that was won: [token, validity].
func (c *client) wantGrant(token string, ttl int) (validity int) {
	c.t.Helper()
	c.want(fmt.Sprintf("*2\r\n$%d\r\n%s\r\n:", len(token), token))
	return c.wantValidity(ttl)
}

// wantValidity reads what is left of the line of an integer: more than
// nothing, and no more than the ttl without its drift.
func (c *client) wantValidity(ttl int) int {
	c.t.Helper()
	line := c.line()
	validity, err := strconv.Atoi(line)
	if most := ttl - ttl/100 - 2; err != nil || validity < 1 || validity > most {
		c.t.Errorf("got the validity %q, want 1 to %d", line, most)
	}
	return validity
}

// newToken reads a grant with a token that the proxy made.
func (c *client) newToken(ttl int) (token string) {
	c.t.Helper()
	c.want("*2\r\n$40\r\n")
	token = c.line()
	if strings.Trim(token, "0123456789abcdef") != "" || len(token) != 40 {
		c.t.Errorf("got the token %q, want 40 hex digits", token)
	}
	c.want(":")
	c.wantValidity(ttl)
	return token
}

// text reads a bulk or verbatim string, whose first byte is kind.
func (c *client) text(kind byte) string {
	c.t.Helper()
	header := c.line()
	size, err := strconv.Atoi(header[min(1, len(header)):])
	if err != nil || header[0] != kind {
		c.t.Fatalf("got %q, want %c and a size", header, kind)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(c.in, text); err != nil {
		c.t.Fatal(err)
	}
	c.want("\r\n")
	return string(text)
}

// wantEnd wants the proxy to close the connection without another byte. With
// unread bytes of ours on its side that arrives as a reset.
func (c *client) wantEnd() {
	c.t.Helper()
	if b, err := c.in.ReadByte(); err == nil {
		c.t.Fatalf("got %q, want the end of the connection", string([]byte{b})+c.rest())
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the proxy does not close the connection")
	}
}

// wantAlive wants the connection to work, with nothing else to be read.
func (c *client) wantAlive() {
	c.t.Helper()
	c.send(command("PING", "alive"))
	c.want("$5\r\nalive\r\n")
}

func (c *client) close() { _ = c.conn.Close() }

// closeWrite ends what we send and goes on reading.
func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// reset ends the connection as a client does that crashed.
func (c *client) reset() {
	_ = c.conn.(*net.TCPConn).SetLinger(0)
	c.close()
}

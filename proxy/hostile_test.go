package proxy_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// hostile are bytes that a stranger may send, and all that comes back. Where
// the connection goes on, a PING behind them shows it.
var hostile = []struct{ name, send, want string }{
	{"the size that makes redcon panic", "*1\r\n$9223372036854775807\r\nx", "-ERR Protocol error: invalid bulk length\r\n"},
	{"the same for a resource", "*3\r\n$4\r\nLOCK\r\n$9223372036854775807\r\nx", "-ERR Protocol error: invalid bulk length\r\n"},
	{"the count that makes redcon spin", "*9223372036854775807\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
	{"a count of 3 thousand million", "*3000000000\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
	{"a count of 300 million with one argument", "*300000000\r\n$1\r\na\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
	{"40,000 arguments", "*40000\r\n" + strings.Repeat("$1\r\na\r\n", 40000), "-ERR Protocol error: invalid multibulk length\r\n"},
	{"a count beyond 64 bits", "*18446744073709551617\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
	{"a count without an end", "*" + strings.Repeat("1", 100_000), "-ERR Protocol error: too big mbulk count string\r\n"},
	{"a size without an end", "*1\r\n$" + strings.Repeat("1", 100_000), "-ERR Protocol error: too big bulk count string\r\n"},
	{"a size of 512 MB", "*1\r\n$536870912\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
	{"a negative size", "*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
	{"no size", "*2\r\n$4\r\nECHO\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"},
	{"a payload longer than its size", "*2\r\n$4\r\nECHO\r\n$1\r\nab\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
	{"a line of 1 MB", strings.Repeat("a", 1<<20), "-ERR Protocol error: too big inline request\r\n"},
	{"a quote without its other", "LOCK \"a 60000\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"},
	{"what is after an error", "PING\r\n*1\r\n$x\r\nPING\r\nLOCK evil 60000\r\n", "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n"},
	{"a form sent by a browser", "POST / HTTP/1.1\r\nHost: proxy\r\n\r\nLOCK evil 60000\r\nPING\r\n", "-ERR unknown command 'POST', with args beginning with: '/' 'HTTP/1.1' \r\n"},
	{"a page asked for by a browser", "GET / HTTP/1.1\r\nHost: proxy\r\n\r\nLOCK evil 60000\r\nPING\r\n", "-ERR unknown command 'GET': this is redlock-proxy, which keeps locks and no data; see COMMAND LIST for what it has\r\n-ERR unknown command 'Host:', with args beginning with: 'proxy' \r\n"},
	{"a browser's line in array form", command("HOST:", "x") + command("LOCK", "evil", "60000"), "-ERR unknown command 'HOST:', with args beginning with: 'x' \r\n"},

	{"an empty array", "*0\r\nPING\r\n", "+PONG\r\n"},
	{"a null array", "*-1\r\nPING\r\n", "+PONG\r\n"},
	{"empty lines", "\r\n\n \t \r\nPING\r\n", "+PONG\r\n"},
	{"a thousand empty arrays", strings.Repeat("*0\r\n", 1000) + "PING\r\n", "+PONG\r\n"},
	{"Tile38's protocol, which redcon knows", "$4 PING\r\nPING\r\n", "-ERR unknown command '$4', with args beginning with: 'PING' \r\n+PONG\r\n"},
	{"an empty name", "*1\r\n$0\r\n\r\nPING\r\n", "-ERR unknown command '', with args beginning with: \r\n+PONG\r\n"},
	{"line ends in a name", command("a\r\n-ERR b") + "PING\r\n", "-ERR unknown command 'a  -ERR b', with args beginning with: \r\n+PONG\r\n"},
	{"256 arguments", command(append([]string{"PING"}, strings.Split(strings.Repeat("a", 255), "")...)...) + "PING\r\n", "-ERR wrong number of arguments for 'ping' command\r\n+PONG\r\n"},
	{"257 arguments", "*257\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
	{"the greeting of TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n" + "PING\r\n", "-ERR unknown command '\x16\x03\x01', with args beginning with: \r\n+PONG\r\n"},
}

// peaceful locks and unlocks until it is told to stop, and wants every reply.
// It goes on for a last round after all that was to disturb it.
func (f *front) peaceful() (stop func()) {
	c, end, done := f.dial(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for last := false; !last; {
			select {
			case <-end:
				last = true
			default:
			}
			c.send(command("LOCK", "peace", "60000", "TOKEN", "tok-p") + command("UNLOCK", "peace", "tok-p"))
			want := "*2\r\n$5\r\ntok-p\r\n:"
			got := c.line() + "\r\n" + c.line() + "\r\n" + c.line() + "\r\n:"
			if validity, released := c.line(), c.line(); got != want || validity < ":1" || released != ":1" {
				c.t.Errorf("a peaceful client gets %q, %q, %q", got, validity, released)
				return
			}
		}
	}()
	return func() {
		f.t.Helper()
		close(end)
		within(f.t, "the end of a peaceful client", done)
	}
}

func TestHostileBytesHarmNobodyElse(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	stop := f.peaceful()
	for _, tt := range hostile {
		c := f.dial()
		go func() { _, _ = c.conn.Write([]byte(tt.send)) }() // the proxy may close before it has all
		c.want(tt.want)
		if strings.HasSuffix(tt.want, "+PONG\r\n") {
			c.wantAlive()
		} else {
			c.wantEnd()
		}
		if t.Failed() {
			t.Fatal(tt.name)
		}
		c.close()
	}
	stop()
	f.wantClients(1)
	f.wantNoKeys()
}

func TestNoiseHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	stop := f.peaceful()
	pieces := []string{"*", "$", "\r\n", "1", "-", "9223372036854775807", "\x00", "PING", "LOCK", "a", " ", "\"", "\xff", "*2\r\n", "$4\r\nLOCK\r\n", "QUIT\r\n", "60000", ":", "HELLO 3\r\n"}
	for range 300 {
		c := f.dial()
		var noise strings.Builder
		for range 1 + rand.IntN(60) {
			noise.WriteString(pieces[rand.IntN(len(pieces))])
		}
		_, _ = c.conn.Write([]byte(noise.String()))
		c.close()
	}
	stop()
	f.wantClients(1)
}

// Many who send a byte now and then cost a connection each, and no more.
func TestDrippingClientsHinderNobody(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	var slow []*client
	for range 50 {
		slow = append(slow, f.dial())
	}
	stop := f.peaceful()
	for _, b := range command("LOCK", "drip", "60000") {
		for _, c := range slow {
			c.send(string(b))
		}
	}
	stop()
	granted := 0
	for _, c := range slow {
		if c.line() == "*2" {
			granted++
		}
	}
	if granted != 1 {
		t.Errorf("%d of 50 were granted the lock, want 1", granted)
	}
}

func TestADrippingClientIsCutByTheIdleTimeOut(t *testing.T) {
	t.Parallel()
	f := start(t, setup{idle: 200 * time.Millisecond})
	began := time.Now()
	c := f.dial()
	for err := error(nil); err == nil; { // a whole command would take 65,536 of them
		_, err = c.conn.Write([]byte("a"))
		if time.Since(began) > patience {
			t.Fatal("it is not cut")
		}
		time.Sleep(10 * time.Millisecond) // it drips
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("cut after %v, before its time", took)
	}
	f.wantClients(0)
}

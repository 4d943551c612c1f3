package proxy_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What one connection may make the proxy keep on its heap, in bytes. The
// tests measure the whole heap, so none of them runs in parallel.
const (
	mostIdle    = 8 << 10    // nothing is under way
	mostPartial = 160 << 10  // a command of 64 KiB that is not whole: buffers double
	mostUnread  = 1280 << 10 // 128 KiB of replies that the client does not read; the heap itself is not always as full
)

func heap() int64 {
	runtime.GC()
	runtime.GC() // the first only moves what pools keep aside
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// grows measures what the heap holds more for each of n connections after act
// was done with them.
func (f *front) grows(n int, most int64, act func(*client)) {
	f.t.Helper()
	f.dial().wantAlive()
	had, clients := f.server.Clients(), make([]*client, n)
	before := heap()
	for i := range clients {
		clients[i] = f.dial()
		clients[i].in = nil // not the proxy's
		act(clients[i])
	}
	if grown := (heap() - before) / int64(n); grown > most {
		f.t.Errorf("a connection costs %d bytes of heap, want at most %d", grown, most)
	}
	f.wantClients(had + n)
	runtime.KeepAlive(clients)
}

func (c *client) skip(t *testing.T, bytes int) {
	if _, err := io.CopyN(io.Discard, c.conn, int64(bytes)); err != nil {
		t.Fatal(err)
	}
}

func TestAnIdleConnectionCostsLittle(t *testing.T) {
	f := start(t, setup{unix: true})
	pings := strings.Repeat("PING\r\n", 1000)
	f.grows(100, mostIdle, func(c *client) {
		c.send(pings)
		c.skip(t, 1000*len("+PONG\r\n"))
		c.send(command("ECHO", strings.Repeat("a", 16000)))
		c.skip(t, len("$16000\r\n")+16000+2)
	})
}

// Each write ends within a command, and begins with the rest of the one before.
func TestAStreamThatNeverEndsOnACommandBoundaryDoesNotGather(t *testing.T) {
	f := start(t, setup{unix: true})
	whole := command("PING", strings.Repeat("a", 15000), strings.Repeat("b", 15000), strings.Repeat("c", 15000))
	rotated := whole[20000:] + whole[:20000]
	reply := len("-ERR wrong number of arguments for 'ping' command\r\n")
	f.grows(10, mostPartial, func(c *client) {
		c.send(whole[:20000])
		for range 200 { // 9 MB
			c.send(rotated)
			c.skip(t, reply)
		}
	})
}

func TestHugeAnnouncedSizesTakeNoMemory(t *testing.T) {
	for _, partial := range []string{
		"*256\r\n",
		"*2\r\n$4\r\nECHO\r\n$16384\r\n",
		"*4\r\n" + strings.Repeat("$16000\r\n"+strings.Repeat("a", 16000)+"\r\n", 3) + "$16000\r\n" + strings.Repeat("a", 15999),
		strings.Repeat("a", 16384),
		"*256\r\n" + strings.Repeat("$240\r\n"+strings.Repeat("a", 240)+"\r\n", 255),
	} {
		start(t, setup{unix: true}).grows(50, mostPartial, func(c *client) { c.send(partial) })
	}
	f := start(t, setup{unix: true})
	for _, refused := range []string{"*2147483647\r\n", "*1\r\n$536870912\r\n"} {
		c := f.dial()
		c.send(refused)
		if line := c.line(); !strings.HasPrefix(line, "-ERR Protocol error: invalid ") {
			t.Errorf("%q: got %q", refused, line)
		}
	}
}

// floods never read a reply. The sizes are those of what is sent and of what
// comes back.
var floods = []struct{ name, command string }{
	{"small to small", "PING\r\n"},
	{"small to large", "INFO\r\n"},
	// Not larger: it takes thousands of them, and the proxy cuts off who does not read
	// for long, as the first connection does while the last is flooded.
	{"large to small", command("PING", strings.Repeat("a", 2000), strings.Repeat("b", 2000), strings.Repeat("c", 2000))},
	{"large to large", command("ECHO", strings.Repeat("a", 16000))},
}

func TestRepliesThatNobodyReadsTakeLittleMemory(t *testing.T) {
	for _, flood := range floods {
		t.Run(flood.name, func(t *testing.T) {
			f := start(t, setup{unix: true})
			chunk := []byte(strings.Repeat(flood.command, 1+100_000/len(flood.command)))
			f.grows(4, mostUnread, func(c *client) {
				sent := floodUntilFull(t, c, chunk)
				if sent < 100_000 {
					t.Errorf("only %d bytes were taken, this shows nothing", sent)
				}
			})
		})
	}
}

// Nothing is answered while the first stands still at the nodes.
func TestCommandsUnderWayTakeLittleMemory(t *testing.T) {
	f := start(t, setup{unix: true})
	resource := strings.Repeat("r", 1000)
	reached := f.holdUp(resource)
	lock := command("LOCK", resource, "60000", "TOKEN", "tok-"+strings.Repeat("t", 250))
	f.dial().send(lock)
	reached()
	chunk := []byte(strings.Repeat(lock, 100))
	f.grows(4, mostUnread, func(c *client) { floodUntilFull(t, c, chunk) })
	f.letGo(resource)
}

// floodUntilFull writes until nothing more has been taken for a while.
func floodUntilFull(t *testing.T, c *client, chunk []byte) (sent int) {
	for {
		_ = c.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := c.conn.Write(chunk)
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return sent
		}
		if err != nil || sent > 1<<30 {
			t.Fatalf("after %d bytes: %v", sent, err)
		}
	}
}

// Garbage is work for the collector: a reply of 7 bytes should not need a
// buffer of kilobytes each time.
func TestAPingMakesLittleGarbage(t *testing.T) {
	f := start(t, setup{})
	c := f.dial()
	c.wantAlive()
	var before, after runtime.MemStats
	const pings = 2000
	runtime.ReadMemStats(&before)
	for range pings {
		c.send("PING\r\n")
		c.want("+PONG\r\n")
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / pings; each > 4<<10 {
		t.Errorf("a PING makes %d bytes of garbage, want at most 4096", each)
	}
}

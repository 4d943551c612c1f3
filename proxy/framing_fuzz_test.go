package proxy

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/redcon"
)

// scanned is one answer of next, without the waiting for more bytes between.
type scanned struct {
	packet string
	n      int
	err    string
	at     int // bytes that had arrived
}

func lastScanned(events []scanned) scanned { return append([]scanned{{}}, events...)[len(events)] }

// feedFraming lets data arrive in pieces of step() bytes, and checks what must hold
// for every answer whatever the bytes are.
func feedFraming(t testing.TB, limits framingLimits, data []byte, step func() int) (events []scanned) {
	f, start, earliest := framing{limits: limits}, 0, 0
	for at := 0; at < len(data); {
		at = min(len(data), at+step())
		for {
			packet, n, err := f.next(data[start:at])
			if n < 0 || n > at-start || packet != nil && n == 0 || err != nil && (n > 0 || packet != nil) {
				t.Fatalf("next(%q): %q, %d, %v", data[start:at], packet, n, err)
			}
			if n == 0 && err == nil {
				if f.needed() < 1 {
					t.Fatalf("next(%q) waits for %d bytes", data[start:at], f.needed())
				}
				earliest = max(earliest, at+f.needed())
				break
			}
			if packet != nil {
				checkPacket(t, limits, packet)
				if start+n < earliest {
					t.Fatalf("%q is whole with %d bytes, needed() promised %d", packet, n, earliest-start)
				}
			}
			e := scanned{packet: string(packet), n: n, at: at}
			if err != nil {
				e.err = err.Error()
				return append(events, e)
			}
			events, start = append(events, e), start+n
		}
	}
	return events
}

// checkPacket wants packet to be exactly one command, within limits, for
// redcon, and written the only way there is to write it.
func checkPacket(t testing.TB, limits framingLimits, packet []byte) {
	complete, args, kind, leftover, err := redcon.ReadNextCommand(packet, nil)
	if !complete || len(args) == 0 || kind != redcon.Redis || len(leftover) > 0 || err != nil {
		t.Fatalf("redcon on %q: %v, %q, %v, %q, %v", packet, complete, args, kind, leftover, err)
	}
	tooBig := func(arg []byte) bool { return len(arg) > limits.bulk }
	if len(args) > limits.args || len(packet) > limits.command || slices.ContainsFunc(args, tooBig) {
		t.Fatalf("%q is beyond %+v", packet, limits)
	}
	if again := encodeCommand(args); string(again) != string(packet) {
		t.Fatalf("%q is not canonical, %q is", packet, again)
	}
}

func encodeCommand(args [][]byte) []byte {
	packet := redcon.AppendArray(nil, len(args))
	for _, arg := range args {
		packet = redcon.AppendBulk(packet, arg)
	}
	return packet
}

func FuzzFraming(f *testing.F) {
	for _, tt := range framingRefusals {
		f.Add([]byte(tt.input[:min(len(tt.input), 150)]), []byte{1})
	}
	f.Add([]byte("*0\r\n*1\r\n$4\r\nPING\r\n\r\n  \nLOCK \"a\\x41\" 'b' c\r\n*2\r\n$0\r\n\r\n$2\r\n\r\n\r\n"), []byte{0, 5, 2})
	f.Add([]byte("$4 PING\r\n*3000000000\r\n"), []byte{7})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := feedFraming(t, smallFramingLimits, data, func() int { return len(data) })
		next := 0
		cut := feedFraming(t, smallFramingLimits, data, func() int {
			if next++; len(cuts) == 0 {
				return 1
			}
			return 1 + int(cuts[next%len(cuts)])
		})
		same := func(a, b scanned) bool { a.at, b.at = 0, 0; return a == b }
		if !slices.EqualFunc(whole, cut, same) {
			t.Fatalf("%q:\nwhole %v\n  cut %v", data, whole, cut)
		}
	})
}

func TestFramingAgainstRedis(t *testing.T) {
	dial := redisForFraming(t)
	for _, tt := range framingRefusals {
		conn := dial(!tt.unauthenticated)
		go conn.Write([]byte(tt.input)) // Redis may hang up before it has read it all
		expectReply(t, conn, tt.name, "-ERR Protocol error: "+tt.want+"\r\n")
	}
}

// The line's words come back as ARGV, which tells more than one ECHO would.
func TestInlineAgainstRedis(t *testing.T) {
	dial := redisForFraming(t)
	const bytes = `"""'''\\\\xx41aFnrtbg` + "    \t\v\f\r\xff"
	for conn, n := dial(true), 0; n < 3000; n++ {
		line := []byte(`EVAL "return ARGV" 0 `)
		for range rand.IntN(14) {
			line = append(line, bytes[rand.IntN(len(bytes))])
		}
		line = append(line, '\n')
		conn.Write(line)
		e := lastScanned(feedFraming(t, redisFramingLimits, line, func() int { return len(line) }))
		if e.err != "" {
			expectReply(t, conn, string(line), "-ERR "+e.err+"\r\n")
			conn = dial(true)
			continue
		}
		_, args, _, _, _ := redcon.ReadNextCommand([]byte(e.packet), nil)
		expectReply(t, conn, string(line), string(encodeCommand(args[3:])))
	}
}

// redisForFraming starts a Redis on a Unix socket, which cannot collide, and
// returns how to connect to it.
func redisForFraming(t *testing.T) (dial func(authenticate bool) net.Conn) {
	binary, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "redis") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	redis := exec.Command(binary, "--port", "0", "--unixsocket", socket, "--save", "", "--requirepass", "secret", "--dir", dir)
	if err := redis.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { redis.Process.Kill(); redis.Wait(); os.RemoveAll(dir) })
	return func(authenticate bool) net.Conn {
		conn, err := net.Dial("unix", socket)
		for start := time.Now(); err != nil && time.Since(start) < 10*time.Second; conn, err = net.Dial("unix", socket) {
			time.Sleep(5 * time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		if authenticate {
			conn.Write([]byte("AUTH secret\r\n"))
			expectReply(t, conn, "AUTH", "+OK\r\n")
		}
		return conn
	}
}

func expectReply(t *testing.T, conn net.Conn, name, want string) {
	t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(conn, got)
	if string(got[:n]) != want {
		t.Fatalf("%q: Redis answers %q (%v), want %q", name, got[:n], err, want)
	}
}

func BenchmarkFraming(b *testing.B) {
	f, packet := framing{limits: redisFramingLimits}, encodeCommand([][]byte{[]byte("LOCK"), []byte("jobs:42"), []byte("10000")})
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := f.next(packet); n != len(packet) || err != nil {
			b.Fatal(n, err)
		}
	}
}

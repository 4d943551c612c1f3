package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/internal/redistest"
	"redlock-proxy/proxy"
	"redlock-proxy/redlock"
)

// BenchmarkPair is a LOCK and its UNLOCK through the whole proxy, on five real
// nodes: 200 pairs at a time, over a connection each or over one that they share.
// The clients allocate nothing, so that what is counted is the proxy's.
func BenchmarkPair(b *testing.B) {
	for _, connections := range []int{1, 200} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			benchmarkPairs(b, benchFront(b), connections, 200/connections)
		})
	}
	b.Run("alone", func(b *testing.B) { benchmarkPairs(b, benchFront(b), 1, 1) })
}

// benchFront is a proxy in this process; it gives its address.
func benchFront(b *testing.B) string {
	b.Helper()
	var nodes []redlock.Node
	for i, s := range redistest.Start(b, 5) {
		nodes = append(nodes, redlock.Node{Name: fmt.Sprint("n", i+1), Options: &redis.Options{Addr: s.Addr()}})
	}
	logger := slog.New(slog.DiscardHandler)
	ctx := context.Background()
	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes, NodeTimeout: patience, Logger: logger, FirstStart: redlock.FirstStartForce})
	if err != nil {
		b.Fatal(err)
	}
	if err := quorum.Ready(ctx); err != nil {
		b.Fatal(err)
	}
	table := &commands.Table{Quorum: quorum, Logger: logger, Version: version}
	server := proxy.New(ctx, proxy.Options{Table: table, Logger: logger})
	table.Front = server
	if err := table.Prepare(); err != nil {
		b.Fatal(err)
	}
	l, err := proxy.Listen(ctx, "127.0.0.1:0", 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Serve(l, nil); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		server.Close(ended)
		_ = quorum.Close(ctx)
	})
	return l.Addr().String()
}

// benchmarkPairs sends a LOCK for each of so many resources on each connection,
// reads the replies, and sends the UNLOCKs.
func benchmarkPairs(b *testing.B, address string, connections, together int) {
	var clients []*benchClient
	for i := range connections {
		clients = append(clients, newBenchClient(b, address, i, together))
	}
	rounds := b.N/(connections*together) + 1
	b.ReportAllocs()
	b.ResetTimer()
	var work sync.WaitGroup
	for _, c := range clients {
		work.Go(func() {
			for range rounds {
				if err := c.round(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
}

type benchClient struct {
	socket       net.Conn
	reader       *bufio.Reader
	lock, unlock []byte
	granted      int // bytes of the replies to lock
	released     int
	buffer       []byte
}

func newBenchClient(b *testing.B, address string, number, together int) *benchClient {
	b.Helper()
	socket, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = socket.Close() })
	c := &benchClient{socket: socket, reader: bufio.NewReaderSize(socket, 1<<16)}
	for i := range together {
		resource, token := fmt.Sprintf("resource-%d-%d", number, i), fmt.Sprintf("%040d", i)
		c.lock = append(c.lock, resp("LOCK", resource, "10000", "TOKEN", token)...)
		c.unlock = append(c.unlock, resp("UNLOCK", resource, token)...)
		c.granted += len("*2\r\n$40\r\n\r\n:9898\r\n") + len(token)
		c.released += len(":1\r\n")
	}
	c.buffer = make([]byte, c.granted)
	_ = socket.SetDeadline(time.Now().Add(5 * time.Minute))
	return c
}

func resp(args ...string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&s, "$%d\r\n%s\r\n", len(a), a)
	}
	return s.String()
}

func (c *benchClient) round() error {
	if err := c.ask(c.lock, c.granted, '*'); err != nil {
		return err
	}
	return c.ask(c.unlock, c.released, ':')
}

func (c *benchClient) ask(commands []byte, answer int, kind byte) error {
	if _, err := c.socket.Write(commands); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.reader, c.buffer[:answer]); err != nil {
		return err
	}
	if c.buffer[0] != kind {
		return fmt.Errorf("the proxy answered %q", c.buffer[:answer])
	}
	return nil
}

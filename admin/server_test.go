package admin

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/internal/redistest"
	"redlock-proxy/redlock"
)

// nobody is a proxy without clients.
type nobody struct{ commands.Front }

func (nobody) Clients() int              { return 0 }
func (nobody) MaxClients() int           { return 10 }
func (nobody) Traffic() commands.Traffic { return commands.Traffic{} }

// newServer serves for three nodes that vote, and gives its address.
func newServer(t *testing.T, password string) (s *Server, addr string) {
	t.Helper()
	o := redlock.Options{FirstStart: redlock.FirstStartForce, NodeTimeout: 10 * time.Second}
	for _, server := range redistest.Start(t, 3) {
		o.Nodes = append(o.Nodes, redlock.Node{Name: server.Addr(), Options: &redis.Options{Addr: server.Addr()}})
	}
	q, err := redlock.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close(context.Background()) })
	if err := q.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	table := &commands.Table{Quorum: q, Logger: log, Front: nobody{}}
	if err := table.Prepare(); err != nil {
		t.Fatal(err)
	}
	s, err = New(Options{Table: table, Password: password, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(l)
	t.Cleanup(func() { s.Close(context.Background()) })
	return s, l.Addr().String()
}

// ask sends a request, if there is one, on a connection of its own.
func ask(t *testing.T, addr, request string) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is the first line, and the last, of an answer.
func answer(t *testing.T, c net.Conn) string {
	t.Helper()
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\r\n")
	return all[0] + " " + all[len(all)-1]
}

func get(path, more string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n"
}

const (
	last  = "Connection: close\r\n"
	wrong = "Authorization: Basic eDp3cm9uZw==\r\n" // x:wrong
	right = "Authorization: Basic eDpyaWdodA==\r\n" // x:right
)

func TestReadyWhileItStarts(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, "")
	if got, want := answer(t, ask(t, addr, get("/readyz", last))), "HTTP/1.1 503 Service Unavailable not ready: starting, clients can not connect yet; 3 of 3 nodes vote, 2 needed"; got != want {
		t.Errorf("before clients can connect: %q, want %q", got, want)
	}
	s.Open()
	if got, want := answer(t, ask(t, addr, get("/readyz", last))), "HTTP/1.1 200 OK ready: 3 of 3 nodes vote, 2 needed"; got != want {
		t.Errorf("when clients can connect: %q, want %q", got, want)
	}
}

// TestHealthIsAnsweredUnderAFlood of connections that guess passwords, say nothing,
// or do not finish what they say. Who was let in before stays.
func TestHealthIsAnsweredUnderAFlood(t *testing.T) {
	t.Parallel()
	_, addr := newServer(t, "right")
	viewer := bufio.NewReader(ask(t, addr, get("/events", right)))
	event := func() {
		t.Helper()
		for line := ""; line != "\n" && line != "\r\n"; {
			var err error
			if line, err = viewer.ReadString('\n'); err != nil {
				t.Fatalf("the viewer was cut off: %v", err)
			}
		}
	}
	event() // the headers
	for i := range 3 * maxConnections {
		ask(t, addr, []string{get("/metrics", wrong), "", "GET /metrics HT"}[i%3])
		if i < maxConnections {
			continue
		}
		if got := answer(t, ask(t, addr, get("/healthz", last))); got != "HTTP/1.1 200 OK alive" {
			t.Fatalf("/healthz with %d others: %q", i, got)
		}
	}
	event()
}

// TestGuessesAreLimited also for who hangs up and does not wait for the answer.
func TestGuessesAreLimited(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, "right")
	if got := answer(t, ask(t, addr, get("/page.css", last+right))); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Fatalf("the right password: %q", got)
	}
	began := time.Now()
	refused := ""
	for i := 0; !strings.HasPrefix(refused, "HTTP/1.1 429"); i++ {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d guesses were looked at in %v", i, time.Since(began))
		}
		c := ask(t, addr, get("/page.css", last+wrong))
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		first, _ := bufio.NewReader(c).ReadString('\n') // a guess that is looked at says nothing for a second
		refused = first
		_ = c.Close()
	}
	s.SetPassword("")
	if got := answer(t, ask(t, addr, get("/page.css", last+wrong))); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("without a password: %q", got)
	}
}

// TestAnotherPassword ends the streams of the old one.
func TestAnotherPassword(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, "right")
	viewer := ask(t, addr, get("/events", right+last))
	if first, err := bufio.NewReader(viewer).ReadString('\n'); err != nil || !strings.HasPrefix(first, "HTTP/1.1 200") {
		t.Fatalf("/events: %q, %v", first, err)
	}
	s.SetPassword("other")
	if _, err := io.Copy(io.Discard, viewer); err != nil {
		t.Errorf("the stream did not end: %v", err)
	}
	for password, want := range map[string]string{right: "HTTP/1.1 401", "Authorization: Basic eDpvdGhlcg==\r\n": "HTTP/1.1 200"} {
		if got := answer(t, ask(t, addr, get("/page.css", last+password))); !strings.HasPrefix(got, want) {
			t.Errorf("%s %q, want %s", password, got, want)
		}
	}
}

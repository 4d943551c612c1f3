package main

import (
	"io"
	"math"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// setClock forwards to a server whose clock then seems to be ahead by so many
// seconds: in each answer with a time in it, that is changed. It gives its address.
func setClock(t *testing.T, server string, ahead int) string {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				continue
			}
			t.Cleanup(func() { _, _ = near.Close(), far.Close() })
			work.Go(func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			})
			work.Go(func() {
				_, _ = io.Copy(near, &wrongClock{far, ahead})
				_ = near.Close()
			})
		}
	})
	t.Cleanup(work.Wait) // after all have been closed: cleanups go backwards
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

type wrongClock struct {
	io.Reader
	ahead int
}

// seconds as TIME answers them; an answer to one look comes in one piece.
var seconds = regexp.MustCompile(`\$10\r\n1\d{9}\r\n`)

func (w *wrongClock) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	copy(p, seconds.ReplaceAllFunc(p[:n], func(found []byte) []byte {
		s, _ := strconv.Atoi(string(found[5:15]))
		return []byte("$10\r\n" + strconv.Itoa(s+w.ahead) + "\r\n")
	}))
	return n, err
}

// TestMetricsOfClocksAndLateAnswers: skews with their signs, and locks that a
// majority grants when no validity is left.
func TestMetricsOfClocksAndLateAnswers(t *testing.T) {
	t.Parallel()
	var nodes []string
	var wires []*redistest.Wire
	aheads := []int{0, -5, 7}
	args := []string{"--first-start=force", "--max-ttl=60s", "--node-timeout=5s"}
	for i, s := range redistest.Start(t, len(aheads)) {
		wires = append(wires, redistest.StartWire(t, s.Addr()))
		nodes = append(nodes, setClock(t, wires[i].Addr(), aheads[i]))
		args = append(args, "--node=redis://"+nodes[i])
	}
	r, a := startAdmin(t, args...)
	s := &scene{T: t, running: r, admin: a, moved: map[string]bool{}}
	for i, want := range aheads {
		s.awaitThat(`node_clock_skew_seconds{node="`+nodes[i]+`"}`, func(v float64) bool { return math.Abs(v-float64(want)) < 0.5 })
	}
	c := connect(t, r)
	s.want(c.do("LOCK hidden-a 60000 TOKEN hidden-token"), "*2") // the lane is open
	for _, w := range wires {
		w.Delay(300 * time.Millisecond)
	}
	s.want(c.do("EXTEND hidden-a hidden-token 100"), "-TOOLATE")
	s.await(`operations_total{operation="extend",outcome="too_late"}`, 1)
	s.want(c.do("UNLOCK hidden-a hidden-token"), ":1")
	s.want(c.do("LOCK hidden-a 100"), "-TOOLATE")
	s.await(`operations_total{operation="lock",outcome="too_late"}`, 1)
	s.await(`error_replies_total{code="TOOLATE"}`, 2)
}

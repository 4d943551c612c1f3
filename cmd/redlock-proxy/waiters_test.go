package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// mostPerWaiter is how much the process may grow for each. Most of it is left to
// the garbage collector by ten thousand that ask at once; what a waiter keeps is
// measured in package proxy.
const mostPerWaiter = 16 << 10

// TestTenThousandWaiters on one lock, and each on a lock of its own: what they
// cost in memory, and that the nodes hear of few of them.
func TestTenThousandWaiters(t *testing.T) {
	for _, resources := range []int{1, manyClients} {
		t.Run(fmt.Sprintf("%d resources", resources), func(t *testing.T) {
			p := startProcess(t, "--max-block=5m", "--max-clients=10001", "--node-timeout=10s")
			holdAll(t, p, resources)
			conns := p.dialMany(t)
			p.settle(t)
			before := p.resident(t)
			for i, c := range conns {
				p.send(t, c, fmt.Sprintf("LOCK r%d 10000 BLOCK 300000\r\n", i%resources))
			}
			watch := p.dial(t)
			eventually(t, "all of them wait", func() bool { return p.blocked(t, watch) == manyClients })
			p.settle(t)
			each := (p.resident(t) - before) / manyClients
			t.Logf("the process grew by %d bytes for each", each)
			if each > mostPerWaiter {
				t.Errorf("the process grew by %d bytes for each LOCK that waits, want at most %d", each, mostPerWaiter)
			}
			if rate := p.rate(t); rate > mostAsked {
				t.Errorf("each node executes %.0f commands a second while all wait, want at most %d", rate, mostAsked)
			}
			for _, c := range conns {
				_ = c.Close()
			}
			eventually(t, "none waits any more", func() bool { return p.blocked(t, watch) == 0 })
		})
	}
}

// mostAsked is how many commands a second a node may execute for those who
// wait: each poll is one, and may look up how long the holder lasts.
const mostAsked = 2 * 2000

// holdAll locks the resources as a library would, on all nodes.
func holdAll(t *testing.T, p *process, resources int) {
	t.Helper()
	for _, n := range p.nodes {
		_, err := n.Client().Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
			for i := range resources {
				pipe.Set(t.Context(), fmt.Sprintf("r%d", i), "another's", 10*time.Minute)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (p *process) send(t *testing.T, c net.Conn, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line); err != nil {
		t.Fatal(err)
	}
}

// blocked is how many connections wait for a lock.
func (p *process) blocked(t *testing.T, c net.Conn) int {
	t.Helper()
	p.send(t, c, "INFO clients\r\n")
	reply := make([]byte, 4096)
	n, err := c.Read(reply)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`blocked_clients:(\d+)`).FindSubmatch(reply[:n])
	if m == nil {
		t.Fatalf("no blocked_clients in %q", reply[:n])
	}
	count, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// settle waits until the process' memory has stopped to grow.
func (p *process) settle(t *testing.T) {
	t.Helper()
	last := p.resident(t)
	since := time.Now()
	eventually(t, "the memory stays as it is", func() bool {
		if now := p.resident(t); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
}

// rate is how many commands a second a node executes on average.
func (p *process) rate(t *testing.T) float64 {
	t.Helper()
	count := func() (n int64) {
		for _, s := range p.nodes {
			all, err := s.Commands(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			n += all["set"] + all["evalsha"] + all["pttl"]
		}
		return n
	}
	before, began := count(), time.Now()
	eventually(t, "a second is over", func() bool { return time.Since(began) > time.Second })
	return float64(count()-before) / time.Since(began).Seconds() / float64(len(p.nodes))
}

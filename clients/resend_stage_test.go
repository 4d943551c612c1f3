package clients

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// stage is a proxy on real nodes, and somebody who asks it what it is told,
// once, and waits for the answer.
type stage struct {
	proxy *proxy
	nodes []*redistest.Server
	asks  *redis.Client
	ended sync.Once
}

func startStage(t *testing.T, nodes int, flags ...string) *stage {
	t.Helper()
	return startStageOf(t, redistest.Start(t, nodes), flags)
}

// startStageOf has the nodes that are given and those that the flags name.
func startStageOf(t *testing.T, nodes []*redistest.Server, flags []string) *stage {
	t.Helper()
	binary, err := built.proxy()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{nodes: nodes}
	s.proxy = startProxy(t, withFlags(t, binary, flags), nodes)
	s.asks = redis.NewClient(&redis.Options{Addr: s.proxy.address, MaxRetries: -1, ReadTimeout: -1})
	t.Cleanup(func() { s.end(t) })
	return s
}

// end checks that nobody waits any more, and that the proxy ends well, which a
// data race would have prevented.
func (s *stage) end(t *testing.T) {
	s.ended.Do(func() {
		s.wantBlocked(t, 0)
		_ = s.asks.Close()
		s.proxy.terminate(t)
		s.proxy.awaitDrained(t)
	})
}

// withFlags is a program that starts the proxy with flags that startProxy does
// not know of.
func withFlags(t *testing.T, binary string, flags []string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "redlock-proxy")
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' %s \"$@\"\n", binary, strings.Join(flags, " "))
	// A child that is started now would have the file open for writing, too, and
	// what is open for writing can not be run.
	syscall.ForkLock.RLock()
	err := os.WriteFile(script, []byte(text), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// soon is how long something may take that is due at once: much less than the
// ttl of the locks, so that what was released differs from what has expired.
const soon = 4 * time.Second

// resendTTL is the ttl in ms of the LOCKs that are sent again.
const resendTTL = "10000"

func (s *stage) ask(t *testing.T, words ...string) reply {
	t.Helper()
	got := goRedisReply(s.asks.Do(context.WithoutCancel(t.Context()), anyWords(words)...))
	if got.kind == 'e' || got.kind == 'x' {
		t.Fatalf("%q: %v", words, got)
	}
	return got
}

// hold lets somebody have the lock until release.
func (s *stage) hold(t *testing.T, resource string) (token string) {
	t.Helper()
	token = "holder of " + resource
	if got := s.ask(t, "LOCK", resource, longTTL, "TOKEN", token); got.kind != 'a' {
		t.Fatalf("%s is not free: %v", resource, got)
	}
	return token
}

// wantHeld checks that the token holds the lock, by what the proxy says and by
// what is on the nodes; and that therefore no other does.
func (s *stage) wantHeld(t *testing.T, resource, token string) {
	t.Helper()
	if got := s.ask(t, "EXTEND", resource, token, resendTTL); got.kind != 'i' || got.text == "0" {
		t.Errorf("%s is not held by %q: %v", resource, token, got)
	}
	good, values := 0, []string{}
	for _, n := range s.nodes {
		value := n.Client().Get(t.Context(), resource).Val()
		if owner, _, _ := strings.Cut(value, "\x00"); owner == token {
			good++
		}
		values = append(values, value)
	}
	if good <= len(s.nodes)/2 {
		t.Errorf("%s: the nodes have %q, want %q", resource, values, token)
	}
}

func (s *stage) release(t *testing.T, resource, token string) {
	t.Helper()
	if got := s.ask(t, "UNLOCK", resource, token); got.text != "1" {
		t.Errorf("%s is not released by %q: %v", resource, token, got)
	}
}

// wantClean checks that nothing is left of the resource.
func (s *stage) wantClean(t *testing.T, resource string) {
	t.Helper()
	for _, n := range s.nodes {
		if !eventually(soon, func() bool { return n.Client().Exists(t.Context(), resource).Val() == 0 }) {
			t.Errorf("a node has %q under %s", n.Client().Get(t.Context(), resource).Val(), resource)
		}
	}
}

// wantWaiting waits until the proxy says that the connection waits for a lock.
func (s *stage) wantWaiting(t *testing.T, l *tapped) {
	t.Helper()
	if !eventually(soon, func() bool { return strings.Contains(s.flags(t, l), "b") }) {
		t.Fatalf("connection %d does not wait for a lock, its flags are %q", l.number, s.flags(t, l))
	}
}

// wantIdle waits until it waits no more, or is gone.
func (s *stage) wantIdle(t *testing.T, l *tapped) {
	t.Helper()
	if !eventually(soon, func() bool { return !strings.Contains(s.flags(t, l), "b") }) {
		t.Fatalf("connection %d still waits for a lock", l.number)
	}
}

// wantGone waits until the proxy knows nothing of the connection.
func (s *stage) wantGone(t *testing.T, l *tapped) {
	t.Helper()
	if !eventually(soon, func() bool { return s.flags(t, l) == "" }) {
		t.Fatalf("connection %d, which the client gave up, is still there with flags %q", l.number, s.flags(t, l))
	}
}

// flags are those of CLIENT LIST; none when the connection is not in it.
func (s *stage) flags(t *testing.T, l *tapped) string {
	t.Helper()
	for line := range strings.Lines(s.ask(t, "CLIENT", "LIST").text) {
		if strings.Contains(line, " addr="+l.address+" ") {
			_, rest, _ := strings.Cut(line, " flags=")
			flags, _, _ := strings.Cut(rest, " ")
			return flags
		}
	}
	return ""
}

var blockedClients = regexp.MustCompile(`blocked_clients:(\d+)`)

func (s *stage) wantBlocked(t *testing.T, want int) {
	t.Helper()
	got := -1
	if !eventually(soon, func() bool {
		if m := blockedClients.FindStringSubmatch(s.ask(t, "INFO", "clients").text); m != nil {
			got, _ = strconv.Atoi(m[1])
		}
		return got == want
	}) {
		t.Errorf("%d connections wait for locks, want %d", got, want)
	}
}

// together runs subtests at once: they mostly wait, and t.Parallel would let
// only as many wait at once as there are processors.
func together(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var all sync.WaitGroup
	for name, run := range tests {
		all.Go(func() { t.Run(name, run) })
	}
	all.Wait()
}

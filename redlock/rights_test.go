package redlock

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// TestNodeWithoutScriptsIsDownAndSaysWhy, without a token, and without going
// down and up for ever.
func TestNodeWithoutScriptsIsDownAndSaysWhy(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	servers := redistest.Start(t, 3, "--rename-command", "SCRIPT", "")
	q := open(t, Options{Nodes: at(addresses(servers)...), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	eventually(t, "all are down", func() bool {
		for _, n := range q.Nodes() {
			if n.Down == nil {
				return false
			}
		}
		return true
	})
	_, err := q.Lock(t.Context(), Request{Resource: "a", Token: "secret", TTL: time.Minute})
	wantErr(t, "Lock", err, ErrNoQuorum)
	if !strings.Contains(err.Error(), "unknown command 'script'") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if n := strings.Count(log.String(), "node answers again"); n > 0 {
		t.Errorf("the log says %d times that a node is back:\n%s", n, log.String())
	}
}

// TestWithoutInfoNobodyElseIsKilled: where the run id is unknown, a node that
// restarted cannot be told from itself, and its connection ids begin anew.
func TestWithoutInfoNobodyElseIsKilled(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := redistest.Start(t, 1, "--user", "px", "on", ">pw", "~*", "&*", "+@all", "-info")[0]
	w := redistest.StartWire(t, s.Addr())
	n := Node{Name: "n1", Options: &redis.Options{Addr: w.Addr(), Username: "px", Password: "pw"}}
	q := open(t, Options{Nodes: []Node{n}, NodeTimeout: 300 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	warm(t, q)
	if !strings.Contains(log.String(), "may not use CLIENT ID, CLIENT KILL or INFO") {
		t.Errorf("no warning:\n%s", log.String())
	}
	before := calls(t, []*redistest.Server{s}, "client|kill")
	w.LoseReplies(true)
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock without a reply", err, ErrNoQuorum)
	w.LoseReplies(false)
	w.Cut()
	paid(t, q)
	if n := calls(t, []*redistest.Server{s}, "client|kill") - before; n != 0 {
		t.Errorf("CLIENT KILL was sent %d times without knowing whose connection it is", n)
	}
}

// TestReplacedConnectionIsKilled: the rule that the test above suspends.
func TestReplacedConnectionIsKilled(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 1, Options{NodeTimeout: 300 * time.Millisecond}, soundRules())
	wires[0].LoseReplies(true)
	_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
	wantErr(t, "Lock without a reply", err, ErrNoQuorum)
	wires[0].LoseReplies(false)
	paid(t, q)
	if n := calls(t, servers, "client|kill"); n != 1 {
		t.Errorf("CLIENT KILL was sent %d times, want once for the connection that was replaced", n)
	}
}

func TestCloseInAHurryCutsConnections(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q, err := New(t.Context(), Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, FirstStart: FirstStartForce})
	if err != nil {
		t.Fatal(err)
	}
	warm(t, q)
	for _, s := range servers {
		s.Pause()
	}
	outcome := make(chan error, 1)
	q.StartLock(t.Context(), lockFor("a", time.Minute), func(_ Grant, err error) { outcome <- err })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := q.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(begin); took > patient/2 {
		t.Errorf("Close waited %v for nodes that do not answer", took)
	}
	wantErr(t, "the Lock", <-outcome, ErrNoQuorum)
}

// TestWithoutTheRightToListenWaitsArePolled, and the log says so once.
func TestWithoutTheRightToListenWaitsArePolled(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	var nodes []Node
	for _, s := range redistest.Start(t, 3, "--user", "px", "on", ">pw", "~*", "resetchannels", "+@all", "-subscribe", "-publish", "-pttl") {
		nodes = append(nodes, Node{Name: s.Addr(), Options: &redis.Options{Addr: s.Addr(), Username: "px", Password: "pw"}})
	}
	o := Options{Nodes: nodes, RetryDelay: 20 * time.Millisecond, RetryJitter: -1, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	q, other := open(t, o), open(t, Options{Nodes: nodes})
	for range 3 {
		held := mustLock(t, other, lockFor("a", time.Minute))
		w := startWaiting(t, q, waitFor("a", time.Minute))
		mustUnlock(t, other, held)
		g, err := w.wait(t)
		if err != nil {
			t.Fatal(err)
		}
		mustUnlock(t, q, g)
	}
	eventually(t, "each node is named once", func() bool { return strings.Count(log.String(), "may not SUBSCRIBE") == len(nodes) })
}

// TestARefusedLoginIsTold, and not taken for an answer.
func TestARefusedLoginIsTold(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, 1, "--user", "px", "on", ">pw", "~*", "&*", "+@all")[0]
	n := Node{Name: "n1", Options: &redis.Options{Addr: s.Addr(), Username: "px", Password: "wrong"}}
	q := open(t, Options{Nodes: []Node{n}})
	var err error
	eventually(t, "the node's reason is told", func() bool {
		_, err = q.Lock(t.Context(), lockFor("a", time.Minute))
		return err != nil && strings.Contains(err.Error(), "WRONGPASS")
	})
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the password is in %v", err)
	}
}

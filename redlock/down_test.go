package redlock

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestTwoDeadNodesOfFiveCostNothing: with a NodeTimeout of seconds, anything
// that waited for a dead node would show.
func TestTwoDeadNodesOfFiveCostNothing(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient})
	warm(t, q)
	servers[1].Kill()
	servers[3].Kill()
	begin := time.Now()
	for range 20 {
		g := mustLock(t, q, lockFor("a", time.Minute))
		if _, err := q.Extend(t.Context(), Request{Resource: "a", Token: g.Token, TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
		mustUnlock(t, q, g)
	}
	if took := time.Since(begin); took > patient/2 {
		t.Errorf("20 locks took %v: something waited for the dead nodes", took)
	}
}

func TestThreeDeadNodesOfFiveAreNamedOnOneLine(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	warm(t, q)
	for _, s := range servers[:3] {
		s.Kill()
	}
	var err error
	eventually(t, "no quorum", func() bool {
		_, err = q.Lock(t.Context(), Request{Resource: "a", Token: "secret", TTL: time.Minute})
		return errors.Is(err, ErrNoQuorum) && strings.Contains(err.Error(), "n1: down")
	})
	line := err.Error()
	for _, want := range []string{"2 of 5 nodes answered, 3 needed: ", "n1: ", "; n2: ", "; n3: ", "refused"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q does not say %q", line, want)
		}
	}
	if strings.ContainsAny(line, "\r\n\t") || len(line) > 480 || strings.Contains(line, "secret") {
		t.Errorf("not one short line without the token: %q", line)
	}
	var node *NodeError
	if !errors.As(err, &node) {
		t.Errorf("no *NodeError in %v", err)
	}
	settled(t, q)
	wantNoKeys(t, servers[3:])
}

// TestPausedNodeIsNotWaitedForAndLeftClean is the one that matters most: a node
// that stands still executes, when it goes on, what it was sent long ago.
func TestPausedNodeIsNotWaitedForAndLeftClean(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: 300 * time.Millisecond})
	slow := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient})
	warm(t, q)
	warm(t, slow)
	servers[2].Pause()

	begin := time.Now()
	for range 20 {
		mustUnlock(t, slow, mustLock(t, slow, lockFor("s", time.Minute)))
	}
	if took := time.Since(begin); took > patient/2 {
		t.Errorf("20 locks took %v: something waited for the paused node", took)
	}

	holder := mustLock(t, q, lockFor("held", time.Minute))
	var work sync.WaitGroup
	for i := range 40 {
		work.Go(func() {
			resource := string(rune('A' + i))
			for range 10 {
				g, err := q.Lock(t.Context(), lockFor(resource, time.Minute))
				if err != nil {
					t.Errorf("Lock: %v", err)
					return
				}
				if err := q.Unlock(t.Context(), Request{Resource: resource, Token: g.Token}); err != nil {
					t.Errorf("Unlock: %v", err)
				}
			}
			if _, err := q.Lock(t.Context(), lockFor("held", time.Minute)); !errors.Is(err, ErrHeld) {
				t.Errorf("Lock of a held resource: %v", err)
			}
		})
	}
	work.Wait()
	mustUnlock(t, q, holder)
	servers[2].Resume()
	eventually(t, "nothing is owed", func() bool { return q.owes() == 0 && slow.owes() == 0 })
	settled(t, q)
	settled(t, slow)
	wantNoKeys(t, servers)
}

func TestNodeThatComesBackIsUsedAgain(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: 300 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	warm(t, q)
	servers[0].Pause()
	servers[1].Kill()
	eventually(t, "both are down", func() bool {
		_, err := q.Lock(t.Context(), Request{Resource: "a", Token: "secret", TTL: time.Minute})
		return errors.Is(err, ErrNoQuorum) && q.Nodes()[0].Down != nil && q.Nodes()[1].Down != nil
	})
	servers[0].Resume()
	var g Grant
	eventually(t, "two of three are enough", func() bool {
		var err error
		g, err = q.Lock(t.Context(), Request{Resource: "a", Token: "secret", TTL: time.Minute})
		return err == nil
	})
	mustUnlock(t, q, g)
	for _, want := range []string{"node is down", "node answers again", "node=n1"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Error("a token is in the log")
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

package commands

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/redlock"
)

// slowLog is a log that can be held up.
type slowLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *slowLog) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *slowLog) count(of string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), of)
}

func (s *slowLog) await(t *testing.T, want int, of string) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); s.count(of) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%q is %d times in the log, want %d:\n%s", of, s.count(of), want, s.text.String())
		}
	}
}

const (
	oneLost  = "a lock with AUTOEXTEND is lost"
	moreLost = "more locks with AUTOEXTEND are lost"
)

// TestTenThousandLossesAreAFewLines, and who finds them does not wait for the log.
func TestTenThousandLossesAreAFewLines(t *testing.T) {
	t.Parallel()
	log := &slowLog{}
	l := newLosses(slog.New(slog.NewTextHandler(log, nil)), time.Hour)
	s := &Session{Addr: "127.0.0.1:1"}
	log.mu.Lock()
	for range 10_000 {
		l.note("a", redlock.LossNoQuorum, s)
	}
	l.note("a", redlock.LossNotHeld, s)
	l.note("a", redlock.LossMaxHold, s) // as was asked for
	log.mu.Unlock()
	log.await(t, lossLines, oneLost)
	l.close()
	if n := log.count(moreLost); n != 1 || log.count(" no_quorum=9990 not_held=1\n") != 1 {
		t.Errorf("%d lines tell of the others, want one with their numbers:\n%s", n, log.text.String())
	}
	l.note("a", redlock.LossNotHeld, s)
	l.close()
	if n := log.count("\n"); n != lossLines+1 {
		t.Errorf("%d lines, want %d:\n%s", n, lossLines+1, log.text.String())
	}
}

// TestLossesAreNamedAgain in the next interval, without anybody who ends the first.
func TestLossesAreNamedAgain(t *testing.T) {
	t.Parallel()
	log := &slowLog{}
	const interval = 20 * time.Millisecond
	l := newLosses(slog.New(slog.NewTextHandler(log, nil)), interval)
	began := time.Now()
	for log.count(oneLost) <= 2*lossLines || log.count(moreLost) < 2 {
		l.note("a", redlock.LossNotHeld, &Session{})
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the log has:\n%s", log.text.String())
		}
		time.Sleep(interval / lossLines / 4)
	}
	l.close()
	if most := lossLines * int(time.Since(began)/interval+1); log.count(oneLost) > most {
		t.Errorf("%d are named, want at most %d:\n%s", log.count(oneLost), most, log.text.String())
	}
}

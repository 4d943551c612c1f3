package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// failing is a peer whose every second pair fails.
type failing struct{ err error }

func (f failing) name() string { return "failing" }
func (f failing) close() error { return nil }

func (f failing) caller(int) func(context.Context) error {
	n := 0
	return func(context.Context) error {
		if n++; n%2 == 0 {
			return f.err
		}
		return nil
	}
}

func TestErrorsSpoilARun(t *testing.T) {
	refused := errors.New("refused")
	p := plan{callers: []int{2}, rounds: 1, time: 10 * time.Millisecond}
	m := work(t.Context(), failing{refused}, 2, p)
	if m.errors == 0 || m.pairs == 0 {
		t.Fatalf("got %d pairs and %d errors, want some of both", m.pairs, m.errors)
	}
	r := report{plan: p, results: []measurement{m}}
	if err := r.failure(); !errors.Is(err, refused) {
		t.Errorf("failure: got %v, want it to wrap %v", err, refused)
	}
}

func TestReport(t *testing.T) {
	measured := func(peer string, pairs int, p50 time.Duration, failed int) measurement {
		return measurement{peer: peer, callers: 200, pairs: pairs, took: time.Second, p50: p50, p99: 2 * p50, errors: failed}
	}
	r := report{plan: plan{callers: []int{200}, rounds: 3, time: time.Second}, results: []measurement{
		measured("proxy", 300, 3*time.Millisecond, 1), measured("redsync", 100, 9*time.Millisecond, 0),
		measured("proxy", 400, 2*time.Millisecond, 0), measured("redsync", 200, 5*time.Millisecond, 0),
		measured("proxy", 900, 1*time.Millisecond, 2), measured("redsync", 150, 7*time.Millisecond, 0),
	}}
	got := r.table().Markdown()
	for _, want := range []string{
		"| 200 | proxy | 400 | 300 | 900 | 2.00 ms | 4.00 ms | 2.67 | 3 |\n",
		"| 200 | redsync | 150 | 100 | 200 | 7.00 ms | 14.00 ms | 1.00 | 0 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwithout %s", got, want)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"redlock-proxy/bench/callers"
)

// TestMain lets this binary be the process of the callers too, as the program is.
func TestMain(m *testing.M) {
	if playing, err := callers.Serve(); playing {
		exit(err, 1)
	}
	os.Exit(m.Run())
}

// TestRun does a short run in earnest.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p, err := parse([]string{"-time", "4s", "-every", "200ms", "-callers", "10"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(ctx, p, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"goroutines", "proxy, a connection each", "proxy, shared connection"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

// TestGrowthIsNoticed, and what comes with the collector's moments is not.
func TestGrowthIsNoticed(t *testing.T) {
	for _, c := range []struct {
		what string
		of   func(i int) look
		is   string
	}{
		{"flat", func(i int) look { return look{resident: 50 + float64(i%3)*5, goroutines: 230} }, ""},
		{"settling", func(i int) look { return look{resident: 50 - 40/float64(i+1), goroutines: 230} }, ""},
		{"memory leaks", func(i int) look { return look{resident: 50 + float64(i)*5, goroutines: 230} }, "resident memory grew"},
		{"goroutines leak", func(i int) look { return look{resident: 50, goroutines: 230 + 30*float64(i)} }, "goroutines grew"},
		{"too few", nil, "too few"},
	} {
		var h history
		for i := range 20 {
			if c.of != nil {
				h.looks = append(h.looks, c.of(i))
			}
		}
		err := h.grown("peer")
		if c.is == "" && err != nil || c.is != "" && (err == nil || !strings.Contains(err.Error(), c.is)) {
			t.Errorf("%s: %v, want %q", c.what, err, c.is)
		}
	}
}

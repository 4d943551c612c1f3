package callers

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// failing is a peer whose every second release fails.
type failing struct{ err error }

func (f failing) close() error { return nil }

func (f failing) caller(int) steps {
	n := 0
	return steps{
		lock: func(context.Context) error { return nil },
		unlock: func(context.Context) error {
			if n++; n%2 == 0 {
				return f.err
			}
			return nil
		},
	}
}

func TestFailuresAreNoPairs(t *testing.T) {
	refused := errors.New("refused")
	var told []string
	r := work(t.Context(), failing{refused}, Order{Callers: 20, Time: 100 * time.Millisecond}, func(word string) { told = append(told, word) })
	if r.Errors == 0 || r.Pair.Count() == 0 || r.First != "refused" {
		t.Errorf("got %d pairs and %d errors, the first %q; want some of both", r.Pair.Count(), r.Errors, r.First)
	}
	if r.Lock.Count() != r.Pair.Count() {
		t.Errorf("got %d locks and %d pairs, want as many", r.Lock.Count(), r.Pair.Count())
	}
	if want := []string{wordMeasuring, wordOver}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

package redlock

import (
	"fmt"
	"testing"
	"time"
)

// TestTheMostRefusedAreFound among very many, in a bounded memory. Allocations are
// counted by itself alone.
func TestTheMostRefusedAreFound(t *testing.T) {
	var r refusals
	now := time.Now()
	const rounds = 20_000
	for i := range rounds {
		r.add("first", now)
		r.add("first", now)
		r.add("second", now)
		r.add(fmt.Sprint("other-", i), now)
	}
	got := r.list(2, now)
	if len(got) != 2 || got[0].Resource != "first" || got[1].Resource != "second" {
		t.Fatalf("the most refused are %v, want first and second", got)
	}
	for i, want := range []int{2 * rounds, rounds} {
		if got[i].Times > want || got[i].Times < want-4*rounds/refusedKept {
			t.Errorf("%s was refused %d times, want at most %d and not much less", got[i].Resource, got[i].Times, want)
		}
	}
	if n := len(r.list(1e6, now)); n > refusedKept {
		t.Errorf("%d resources are kept, want at most %d", n, refusedKept)
	}
	if n := testing.AllocsPerRun(100, func() { r.add("first", now) }); n > 0 {
		t.Errorf("counting one that is known allocates %v times", n)
	}
}

// TestRefusalsAreForgotten after a minute.
func TestRefusalsAreForgotten(t *testing.T) {
	t.Parallel()
	var r refusals
	now := time.Now()
	const minute = 60
	for i := range 3 * minute { // one each second
		r.add("a", now.Add(time.Duration(i)*time.Second))
	}
	now = now.Add((3*minute - 1) * time.Second)
	if got := r.list(5, now); len(got) != 1 || got[0].Times < minute*5/6 || got[0].Times > minute {
		t.Errorf("refused once a second: %v in a minute", got)
	}
	if got := r.list(5, now.Add(minute*time.Second)); len(got) != 0 {
		t.Errorf("a minute later: %v, want none", got)
	}
}

func TestRefusedLocksAreListed(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	mustLock(t, q, lockFor("a", time.Minute))
	for range 3 {
		_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
		wantErr(t, "Lock", err, ErrHeld)
	}
	if got := q.Refused(5); len(got) != 1 || got[0] != (Refused{"a", 3}) {
		t.Errorf("the most refused are %v, want a three times", got)
	}
}

package redlock

import (
	"testing"
	"time"
)

// everyBallot calls try with each way in which n nodes can answer, in order,
// when an answer is yes, no (of one of two holders) or none.
func everyBallot(n int, try func(votes []answer)) {
	kinds := []answer{
		{verdict: yes},
		{verdict: no, holder: "x"},
		{verdict: no, holder: "y"},
		{verdict: failed, err: errTimeout},
	}
	votes := make([]answer, n)
	var fill func(int)
	fill = func(i int) {
		if i == n {
			try(votes)
			return
		}
		for _, k := range kinds {
			votes[i] = k
			fill(i + 1)
		}
	}
	fill(0)
}

// settleRound plays the votes into a lock's round until it settles.
func settleRound(t *testing.T, votes []answer) (n *round, at int) {
	t.Helper()
	n = &round{attempt: &attempt{ctx: t.Context(), quorum: &Quorum{guard: new(guard)}}, grant: Grant{Until: time.Now().Add(time.Minute)}}
	b := newBallot(n, len(votes), majority(len(votes)))
	for i, v := range votes {
		b.answers[i] = v
		b.tally.add(v.verdict)
		if n.decide(b) {
			return n, i + 1
		}
	}
	t.Fatalf("never settled: %v", votes)
	return nil, 0
}

// TestLockOutcomes checks every possible count of 3, 4 and 5 nodes against what
// the contract says of the complete answers: settling early must not change an
// outcome.
func TestLockOutcomes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 4, 5} {
		needed := size/2 + 1
		everyBallot(size, func(votes []answer) {
			n, at := settleRound(t, votes)
			count := tally{nodes: size}
			foreign := map[string]int{}
			for _, v := range votes {
				count.add(v.verdict)
				foreign[v.holder]++
			}
			delete(foreign, "")
			switch n.outcome {
			case granted:
				if count.yes < needed {
					t.Fatalf("granted with %d of %d: %v", count.yes, size, votes)
				}
			case noQuorum:
				if count.yes+count.no >= needed {
					t.Fatalf("no quorum although %d of %d answered: %v", count.yes+count.no, size, votes)
				}
			case held:
				if count.yes >= needed || count.yes+count.no < needed || max(foreign["x"], foreign["y"])+count.failed < needed {
					t.Fatalf("held with %d yes and %d no: %v", count.yes, count.no, votes)
				}
			case splitVote:
				if count.yes >= needed || foreign["x"] >= needed || foreign["y"] >= needed {
					t.Fatalf("split although somebody has a majority: %v", votes)
				}
			default:
				t.Fatalf("outcome %d for %v", n.outcome, votes)
			}
			for i := range votes[:at] {
				undone := false
				for _, u := range n.mayHave() {
					undone = undone || u == i
				}
				if n.outcome != granted && votes[i].verdict == yes && !undone {
					t.Fatalf("node %d keeps what was not granted: %v", i, votes)
				}
			}
		})
	}
}

// TestTaskOutcomes does the same for Extend and Unlock.
func TestTaskOutcomes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 4, 5} {
		needed := size/2 + 1
		everyBallot(size, func(votes []answer) {
			k := &task{quorum: &Quorum{guard: new(guard)}, op: extend, grant: Grant{Until: time.Now().Add(time.Minute)}}
			b := newBallot(k, size, needed)
			settled := false
			count := tally{nodes: size}
			for i, v := range votes {
				count.add(v.verdict)
				b.answers[i] = v
				if !settled {
					b.tally.add(v.verdict)
					settled = k.decide(b)
				}
			}
			want := ErrNoQuorum
			switch {
			case !settled:
				t.Fatalf("never settled: %v", votes)
			case count.yes >= needed:
				want = nil
			case count.yes+count.failed < needed:
				want = ErrNotHeld
			}
			if k.err != want {
				t.Fatalf("got %v, want %v for %v", k.err, want, votes)
			}
		})
	}
}

// TestMajoritiesMeet is what all rests on, and what N/2 would break.
func TestMajoritiesMeet(t *testing.T) {
	t.Parallel()
	for n := 1; n <= maxNodes; n++ {
		if 2*majority(n) <= n {
			t.Errorf("two majorities of %d nodes, %d each, need not share one", n, majority(n))
		}
	}
}

// TestNothingIsGrantedWithoutValidity: not even for the moment of its end.
func TestNothingIsGrantedWithoutValidity(t *testing.T) {
	t.Parallel()
	n := &round{attempt: &attempt{quorum: &Quorum{guard: new(guard)}, ctx: t.Context()}, grant: Grant{Until: time.Now()}}
	b := newBallot(n, 1, 1)
	b.tally.add(yes)
	if !n.decide(b) || n.outcome != tooLate {
		t.Errorf("a Lock whose validity is over has the outcome %d", n.outcome)
	}
	k := &task{quorum: &Quorum{guard: new(guard)}, op: extend, grant: Grant{Until: time.Now()}}
	b = newBallot(k, 1, 1)
	b.tally.add(yes)
	if !k.decide(b) || k.err != ErrTooLate {
		t.Errorf("an Extend whose validity is over: %v", k.err)
	}
}

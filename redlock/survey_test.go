package redlock

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// put writes a key at one node, as a library does or what is left of a lock.
func put(t *testing.T, s *redistest.Server, key, value string, ttl time.Duration) {
	t.Helper()
	if err := s.Client().Set(t.Context(), key, value, ttl).Err(); err != nil {
		t.Fatal(err)
	}
}

// surveyed is what a survey says of a resource, in short, without the times.
func surveyed(t *testing.T, q *Quorum, resource string) (string, Survey) {
	t.Helper()
	s, err := q.Survey(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", s); strings.Contains(text, "tok-") {
		t.Errorf("a token is in %s", text)
	}
	values := make([]string, len(s.Nodes))
	for i, n := range s.Nodes {
		values[i] = fmt.Sprint(n.Value)
		if n.Err != nil {
			values[i] = "!"
		}
	}
	return fmt.Sprint(s.State, " ", s.Votes, ": ", strings.Join(values, " ")), s
}

func wantSurvey(t *testing.T, q *Quorum, resource, want string) Survey {
	t.Helper()
	got, s := surveyed(t, q, resource)
	if got != want {
		t.Errorf("%s: got %s, want %s; %+v", resource, got, want, s)
	}
	return s
}

func TestASurveyOfNodesThatDiffer(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	wantSurvey(t, q, "free", "free 0: 0 0 0 0 0")
	mustLock(t, q, Request{Resource: "held", Token: "tok-a", TTL: time.Minute})
	settled(t, q)
	if s := wantSurvey(t, q, "held", "held 5: 1 1 1 1 1"); s.Left < 50_000 || s.Left > 60_000 || s.Needed != 3 || s.Fence != 0 {
		t.Errorf("%+v", s)
	}
	put(t, servers[3], "minority", "tok-a", time.Minute)
	wantSurvey(t, q, "minority", "contested 1: 0 0 0 1 0")
	for i, value := range []string{"tok-b", "tok-a", "tok-a\x00owner123", "", "tok-b"} {
		if value != "" {
			put(t, servers[i], "split", value, time.Minute)
		}
	}
	wantSurvey(t, q, "split", "contested 2: 1 2 2 0 1")
	for i, left := range []time.Duration{50, 10, 40, 30} { // gone from the majority when the third is
		put(t, servers[i], "uneven", "tok-a", left*time.Second)
	}
	if s := wantSurvey(t, q, "uneven", "held 4: 1 1 1 1 0"); s.Left > 30_000 || s.Left < 20_000 {
		t.Errorf("the majority is said to end in %d ms, want 30 s", s.Left)
	}
	for i := range 3 {
		put(t, servers[i], "for ever", "tok-a", 0)
		servers[i].Client().HSet(t.Context(), "hash", "tok-a", 1)
		put(t, servers[i], "long", strings.Repeat("tok-", 300), time.Minute)
	}
	if s := wantSurvey(t, q, "for ever", "held 3: 1 1 1 0 0"); s.Left != LeftForEver {
		t.Errorf("%+v", s)
	}
	wantSurvey(t, q, "hash", "held 3: 1 1 1 0 0")
	wantSurvey(t, q, "long", "held 3: 1 1 1 0 0")
	_, err := q.Survey(t.Context(), reservedPrefix+"member")
	if _, refused := err.(*ArgumentError); !refused {
		t.Errorf("the proxies' own key: %v", err)
	}
}

func TestASurveyKnowsTheLastFence(t *testing.T) {
	t.Parallel()
	_, q := five(t)
	g := mustLock(t, q, Request{Resource: "a", TTL: time.Minute, Fence: true})
	settled(t, q)
	if s := wantSurvey(t, q, "a", "held 5: 1 1 1 1 1"); s.Fence != g.Fence || s.Nodes[2].Fence != g.Fence {
		t.Errorf("got %+v, want the fence %d", s, g.Fence)
	}
	mustUnlock(t, q, g)
	settled(t, q)
	if s := wantSurvey(t, q, "a", "free 0: 0 0 0 0 0"); s.Fence != g.Fence {
		t.Errorf("after the release: %+v, want the fence %d", s, g.Fence)
	}
}

func TestASurveyWithNodesThatAreDown(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...)})
	mustLock(t, q, Request{Resource: "a", Token: "tok-a", TTL: time.Minute})
	settled(t, q)
	put(t, servers[1], "half", "tok-a", time.Minute)
	servers[0].Kill()
	if s := wantSurvey(t, q, "a", "held 2: ! 1 1"); s.Nodes[0].Err == nil {
		t.Errorf("no reason: %+v", s)
	}
	wantSurvey(t, q, "free", "free 0: ! 0 0")
	wantSurvey(t, q, "half", "contested 1: ! 1 0")
	servers[2].Kill()
	wantSurvey(t, q, "a", "unknown 1: ! 1 !")
}

// TestASurveyDoubtsANodeThatForgot: what it lacks says nothing, what it has counts.
func TestASurveyDoubtsANodeThatForgot(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers, func(o *Options) { o.MaxTTL = 8 * time.Second })
	restartEmpty(t, servers[0])
	eventually(t, "the first node is quarantined and no other", func() bool {
		states := q.Nodes()
		others := states[1].State == StateAdmitted && states[2].State == StateAdmitted
		if others && states[0].State == StateAdmitted { // a clock seemed to jump, as the machine is busy
			restartEmpty(t, servers[0])
		}
		return others && states[0].State == StateQuarantined
	})
	wantSurvey(t, q, "free", "free 0: ! 0 0")
	put(t, servers[0], "a", "tok-a", time.Minute)
	put(t, servers[1], "a", "tok-a", time.Minute)
	wantSurvey(t, q, "a", "held 2: 1 1 0")
	servers[2].Kill()
	wantSurvey(t, q, "free", "unknown 0: ! 0 !")
}

func TestASurveyKnowsWhoHoldsAndWaitsHere(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	other := open(t, Options{Nodes: at(addresses(servers)...)})
	before := time.Now()
	h := hold(t, q, Request{Resource: "a", Token: "tok-a", TTL: time.Minute}, time.Hour)
	w, next := startWaiting(t, q, waitFor("a", time.Minute)), startWaiting(t, q, waitFor("a", time.Minute))
	s := wantSurvey(t, q, "a", "held 5: 1 1 1 1 1")
	if s.Hold != h.Hold || s.Waiters != 2 || s.Hold.Since().Before(before) {
		t.Errorf("%+v", s)
	}
	if s := wantSurvey(t, other, "a", "held 5: 1 1 1 1 1"); s.Hold != nil || s.Waiters != 0 || s.Mark == q.Mark("tok-a") {
		t.Errorf("the other knows too much: %+v", s)
	}
	h.Release()
	g, err := w.wait(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, s := surveyed(t, q, "a"); s.State != SurveyHeld || s.Hold != nil || s.Waiters != 1 || s.Mark != q.Mark(g.Token) {
		t.Errorf("%+v", s)
	}
	mustUnlock(t, q, g)
	if g, err = next.wait(t); err != nil {
		t.Fatal(err)
	}
	mustUnlock(t, q, g)
}

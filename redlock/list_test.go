package redlock

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// putMany writes keys at one node, with values that begin alike.
func putMany(t *testing.T, s *redistest.Server, keys []string, value string) {
	t.Helper()
	pipe := s.Client().Pipeline()
	for _, k := range keys {
		pipe.Set(t.Context(), k, value+k, time.Hour)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func numbered(name string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(name, i)
	}
	return all
}

// listAll iterates, and counts how often each lock is listed.
func listAll(t *testing.T, q *Quorum, r ListRequest) (times map[string]int, skipped []*NodeError) {
	t.Helper()
	times = map[string]int{}
	for {
		page, err := q.List(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Locks {
			times[l.Resource]++
			if l.Votes < q.needed || l.Left == 0 {
				t.Errorf("%+v", l)
			}
		}
		if strings.Contains(fmt.Sprintf("%+v", page), "tok-") {
			t.Errorf("a token is in %+v", page)
		}
		skipped = page.Skipped
		if r.Cursor = page.Cursor; r.Cursor == 0 {
			return times, skipped
		}
	}
}

func wantListed(t *testing.T, got map[string]int, want []string) {
	t.Helper()
	for _, name := range want {
		if got[name] != 1 {
			t.Fatalf("%s is listed %d times", name, got[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d are listed, want %d", len(got), len(want))
	}
}

// TestListing: of what lies on the nodes only what a majority has with one token.
func TestListing(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", `a*[?\]`} {
		servers := redistest.Start(t, 5)
		q := open(t, Options{Nodes: at(addresses(servers)...), KeyPrefix: prefix, NodeTimeout: patient})
		mustLock(t, q, Request{Resource: "fenced", TTL: time.Minute, Fence: true})
		settled(t, q)
		for i, s := range servers {
			c := s.Client()
			putMany(t, s, []string{prefix + "all"}, "tok-")
			putMany(t, s, []string{prefix + "split"}, fmt.Sprint("tok-", i/2))
			c.HSet(t.Context(), prefix+"hash", "tok-a", 1)
			putMany(t, s, []string{prefix + "long"}, strings.Repeat("tok-", 300))
			if i < 2 {
				putMany(t, s, []string{prefix + "two"}, "tok-")
			} else {
				putMany(t, s, []string{prefix + "three"}, "tok-")
			}
			if prefix != "" {
				putMany(t, s, []string{"all", "axx", "elsewhere"}, "tok-")
			}
		}
		for _, count := range []int{1, 100} {
			got, skipped := listAll(t, q, ListRequest{Count: count})
			wantListed(t, got, []string{"all", "three", "fenced"})
			if skipped != nil {
				t.Errorf("skipped: %v", skipped)
			}
		}
		got, _ := listAll(t, q, ListRequest{Count: 10, Match: func(r string) bool { return r == "three" }})
		wantListed(t, got, []string{"three"})
	}
}

// TestListingWhileLocksComeAndGo: what is held throughout is listed once, and
// nothing that only a minority has.
func TestListingWhileLocksComeAndGo(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient})
	all, two := numbered("all-", 4000), numbered("two-", 1000)
	for i, s := range servers {
		putMany(t, s, all, "tok-")
		putMany(t, s, numbered(fmt.Sprint("minority-", i, "-"), 300), "tok-")
		if i > 0 {
			putMany(t, s, two, "tok-")
		}
	}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for worker := range 4 {
		busy.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				g, err := q.Lock(t.Context(), lockFor(fmt.Sprintf("churn-%d-%d", worker, i%200), time.Minute))
				if err == nil {
					err = q.Unlock(t.Context(), Request{Resource: g.Resource, Token: g.Token})
				}
				if err != nil {
					t.Errorf("beside the listing: %v", err)
					return
				}
			}
		})
	}
	got, _ := listAll(t, q, ListRequest{Count: 250})
	close(stop)
	busy.Wait()
	maps.DeleteFunc(got, func(name string, _ int) bool { return strings.HasPrefix(name, "churn-") })
	wantListed(t, got, slices.Concat(all, two))
}

// TestListingWithoutANode: it is skipped, which is told, and all is found at the
// others; also what they have only because it was skipped.
func TestListingWithoutANode(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	settled(t, q)
	all := numbered("all-", 500)
	for _, s := range servers {
		putMany(t, s, all, "tok-")
	}
	r := ListRequest{Count: 100}
	first, err := q.List(t.Context(), r)
	if err != nil || len(first.Locks) == 0 || first.Cursor == 0 || first.Skipped != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	each(wires[:1], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	eventually(t, "the node is found to be away", func() bool { // the cut may come with no request under way
		page, err := q.List(t.Context(), ListRequest{Count: 1, Cursor: first.Cursor})
		return err == nil && len(page.Skipped) == 1 && page.Skipped[0].Node == "n1"
	})
	got, skipped := listAll(t, q, ListRequest{Count: 100, Cursor: first.Cursor})
	wantListed(t, got, all)
	if len(skipped) != 1 || skipped[0].Node != "n1" {
		t.Errorf("skipped: %v", skipped)
	}
	// It comes back in the middle, and is not counted upon.
	page, err := q.List(t.Context(), ListRequest{Count: 100})
	for err == nil && page.Cursor != 0 && len(page.Locks) == 0 {
		page, err = q.List(t.Context(), ListRequest{Count: 100, Cursor: page.Cursor})
	}
	if err != nil || page.Cursor == 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	each(wires[:1], func(w *redistest.Wire) { w.Refuse(false) })
	eventually(t, "the node is back", func() bool { return q.Nodes()[0].Down == nil && surveys(t, q) == 3 })
	got, _ = listAll(t, q, ListRequest{Count: 100, Cursor: page.Cursor})
	for _, l := range page.Locks {
		got[l.Resource]++
	}
	wantListed(t, got, all)
	// Without a majority it can not go on, and says so.
	each(wires[:2], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	eventually(t, "no quorum", func() bool {
		_, err := q.List(t.Context(), ListRequest{Count: 100, Cursor: page.Cursor})
		return errors.Is(err, ErrNoQuorum)
	})
}

// surveys is how many nodes answer.
func surveys(t *testing.T, q *Quorum) (n int) {
	t.Helper()
	_, s := surveyed(t, q, "free")
	for _, node := range s.Nodes {
		if node.Err == nil {
			n++
		}
	}
	return n
}

func TestListingIsBounded(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	for _, s := range servers {
		s.Pause()
	}
	done := make(chan error, maxListings)
	for range maxListings {
		q.StartList(ListRequest{Count: 1}, func(_ Page, err error) { done <- err })
	}
	_, err := q.List(t.Context(), ListRequest{Count: 1})
	wantErr(t, "one too many", err, ErrOverloaded)
	for _, s := range servers {
		s.Resume()
	}
	for range maxListings {
		<-done
	}
	if _, err := q.List(t.Context(), ListRequest{Count: 1}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	_, err = q.List(t.Context(), ListRequest{Cursor: 5}) // at the first node, which is skipped
	wantErr(t, "a cursor that no page had", err, ErrCursor)
}

func TestAPositionIsANumber(t *testing.T) {
	t.Parallel()
	for _, p := range []position{{0, 0, 0}, {0, 0, 7}, {2, 0, 0}, {4, 5, 1 << 40}, {1, 1, 3}} {
		n, fits := p.cursor(5)
		if got, valid := readPosition(n, 5); !fits || !valid || got != p {
			t.Errorf("%+v is %d, which is %+v", p, n, got)
		}
	}
	if n, fits := (position{5, 3, 0}).cursor(5); n != 0 || !fits {
		t.Errorf("the end is %d", n)
	}
	if _, fits := (position{1, 0, 1 << 60}).cursor(5); fits {
		t.Error("a number that is too large fits")
	}
}

package redlock

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scriptedLink shows a lane's order step by step, which no real node can:
// exchange reports what it was given and waits to be told what came of it.
type scriptedLink struct {
	given chan []string
	fate  chan error
}

func (s *scriptedLink) connect() error      { return nil }
func (s *scriptedLink) close()              {}
func (s *scriptedLink) pace() time.Duration { return idlePing }

func (s *scriptedLink) exchange(requests []*request, answers []answer) error {
	var names []string
	for _, r := range requests {
		names = append(names, [...]string{"acquire ", "extend ", "release "}[r.op]+r.value)
	}
	s.given <- names
	err := <-s.fate
	for i := range answers {
		answers[i] = answer{verdict: yes}
		if err != nil {
			answers[i] = answer{verdict: unknown, err: err}
		}
	}
	return err
}

// laneOver runs a lane until the test ends.
func laneOver(t testing.TB, k link) *lane {
	t.Helper()
	q := &Quorum{scripts: newScripts(), rules: soundRules()}
	q.guard = &guard{members: make([]member, 1)}
	d := &node{name: "n1", logger: slog.New(slog.DiscardHandler), quorum: q, counters: newNodeCounters()}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	l := newLane(d, k, time.Minute)
	go l.run()
	t.Cleanup(func() {
		l.close()
		<-l.done
		d.cancel()
	})
	return l
}

func scriptedLane(t *testing.T) (*lane, *scriptedLink) {
	t.Helper()
	link := &scriptedLink{given: make(chan []string), fate: make(chan error)}
	l := laneOver(t, link)
	t.Cleanup(func() { // runs before the lane's own
		l.close()
		for {
			select {
			case <-link.given:
			case link.fate <- nil:
			case <-l.done:
				return
			}
		}
	})
	return l, link
}

func named(op operation, value string) *request {
	return &request{op: op, key: "k", token: value, value: value, ttl: time.Second}
}

func wantGiven(t *testing.T, link *scriptedLink, want ...string) {
	t.Helper()
	if got := <-link.given; !slices.Equal(got, want) {
		t.Errorf("the node was given %q, want %q", got, want)
	}
}

// TestReleaseOwedWhileDownStaysBehindItsAcquire: the node is taken for down and
// back before the lane has looked at what was queued.
func TestReleaseOwedWhileDownStaysBehindItsAcquire(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.push(named(acquire, "first"))
	wantGiven(t, link, "acquire first")
	l.push(named(acquire, "T"))
	l.node.down.Store(&downError{since: time.Now(), cause: errTimeout})
	if known, queued := l.push(named(release, "T")); queued || known.verdict != failed {
		t.Errorf("a release to a node that is down: %v", known)
	}
	l.node.down.Store(nil)
	link.fate <- nil
	wantGiven(t, link, "acquire T")
	link.fate <- nil
	wantGiven(t, link, "release T")
	link.fate <- nil
}

func TestReleaseOwedWhenTheQueueIsFullStaysBehindItsAcquire(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.push(named(acquire, "first"))
	wantGiven(t, link, "acquire first")
	l.push(named(acquire, "T"))
	for queued := true; queued; {
		_, queued = l.push(named(extend, "e"))
	}
	l.push(named(release, "T"))
	link.fate <- nil
	var order []string
	for !slices.Contains(order, "release T") {
		order = append(order, <-link.given...)
		link.fate <- nil
	}
	if a, r := slices.Index(order, "acquire T"), slices.Index(order, "release T"); a < 0 || a > r {
		t.Errorf("the release went out at %d, its acquire at %d", r, a)
	}
}

// TestUnansweredAcquireIsUndoneFirst: what is owed goes out in front.
func TestUnansweredAcquireIsUndoneFirst(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.push(named(acquire, "lost"))
	wantGiven(t, link, "acquire lost")
	l.push(named(acquire, "next"))
	link.fate <- errTimeout
	wantGiven(t, link, "release lost", "acquire next")
	link.fate <- nil
}

// TestLaneIsBounded: acquires are refused first, extensions later; releases are
// owed, and the oldest forgotten.
func TestLaneIsBounded(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.push(named(acquire, "first"))
	<-link.given
	count := func(op operation) (n int) {
		for {
			if _, queued := l.push(named(op, fmt.Sprint(n))); !queued {
				return n
			}
			n++
		}
	}
	if n := count(acquire); n != maxLane-roomToRelease {
		t.Errorf("%d acquires were queued, want %d", n, maxLane-roomToRelease)
	}
	if n := count(extend); n != roomToRelease {
		t.Errorf("%d extensions were queued, want the %d kept for them", n, roomToRelease)
	}
	for i := range maxOwed + 10 {
		l.push(named(release, fmt.Sprint(i)))
	}
	if n := l.owes(); n != maxOwed {
		t.Errorf("%d releases are owed, want at most %d", n, maxOwed)
	}
}

// TestJunkUnlocksDoNotCrowdOutDebts: anybody can unlock what nobody holds; what
// is owed for that is void as soon as a majority has said so.
func TestJunkUnlocksDoNotCrowdOutDebts(t *testing.T) {
	t.Parallel()
	l, link := scriptedLane(t)
	l.push(named(acquire, "first"))
	<-link.given
	l.node.down.Store(&downError{since: time.Now(), cause: errTimeout})
	l.push(named(release, "honest"))
	for i := range 3 * maxOwed {
		junk := named(release, fmt.Sprint(i))
		junk.void = new(atomic.Bool)
		l.push(junk)
		junk.void.Store(true)
	}
	l.node.down.Store(nil)
	link.fate <- nil
	wantGiven(t, link, "release honest")
	link.fate <- nil
}

func TestErrorsShowNoToken(t *testing.T) {
	t.Parallel()
	err := cause(fakeReply("ERR unknown command 'evalsha', with args beginning with: 'abc' '1' 'a' 'secret' "))
	if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "evalsha") {
		t.Errorf("shown: %q", err)
	}
}

type fakeReply string

func (e fakeReply) Error() string { return string(e) }
func (e fakeReply) RedisError()   {}

func (*scriptedLink) flights() (away, most int, gap time.Duration) { return 0, 1, 0 }
func (*scriptedLink) fly([]*request)                               {}
func (*scriptedLink) landed() <-chan *flight                       { return nil }
func (*scriptedLink) land(*flight) error                           { return nil }

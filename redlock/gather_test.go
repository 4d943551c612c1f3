package redlock

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// unlocking is a release as an Unlock asks for it.
func unlocking(key, token string, tell notice) *request {
	s := newScripts()
	r := &request{op: release, key: key, token: token}
	r.command = r.releaseCommand(&s, byToken, "", tell)
	return r
}

// TestReleasesTogetherAreAsAlone: whatever a key has, the script for many answers
// and does what that for one does.
func TestReleasesTogetherAreAsAlone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, 1)[0]
	client := server.Client()
	ctx := t.Context()
	listener := client.Subscribe(ctx, "__redlock:heard")
	defer func() { _ = listener.Close() }()
	if _, err := listener.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	fill := func() {
		client.FlushAll(ctx)
		for key, value := range map[string]string{
			"bare": "T", "named": "T\x00ownrtabc", "kept": "T\x00ownrkabc", "other": "U", "longer": "TT", "shorter": "",
			"others name": "U\x00ownrtabc", "no name": "T\x00ownrtab", "heard": "T", "unheard": "T",
		} {
			client.Set(ctx, key, value, time.Minute)
		}
		client.RPush(ctx, "a list", "T")
	}
	requests := []*request{
		unlocking("heard", "T", notice{"__redlock:heard", "me"}), unlocking("unheard", "T", notice{"__redlock:nobody", "me"}),
	}
	for _, key := range []string{"bare", "named", "kept", "other", "longer", "shorter", "others name", "no name", "a list", "gone", "bare"} {
		requests = append(requests, unlocking(key, "T", notice{}))
	}
	fill()
	var alone []answer
	q := open(t, Options{Nodes: at(server.Addr())})
	link := newNodeLink(q.nodes[0])
	defer link.close()
	for _, r := range requests {
		one := make([]answer, 1)
		if err := link.exchange([]*request{r}, one); err != nil {
			t.Fatal(err)
		}
		alone = append(alone, one...)
	}
	locks := func() []string {
		keys := slices.DeleteFunc(client.Keys(ctx, "*").Val(), func(key string) bool { return key == memberKey })
		slices.Sort(keys)
		return keys
	}
	left := locks()
	fill()
	together := make([]answer, len(requests))
	before := calls(t, []*redistest.Server{server}, "evalsha")
	if err := link.exchange(requests, together); err != nil {
		t.Fatal(err)
	}
	if n := calls(t, []*redistest.Server{server}, "evalsha") - before; n != 1 {
		t.Errorf("%d scripts were called, want one for all", n)
	}
	for i, r := range requests {
		if a, b := fmt.Sprint(together[i]), fmt.Sprint(alone[i]); a != b {
			t.Errorf("%s: together %s, alone %s", r.key, a, b)
		}
	}
	if alone[0].number != 1 || alone[2].verdict != yes || alone[5].verdict != no {
		t.Errorf("alone: %v", alone)
	}
	now := locks()
	if !slices.Equal(left, now) {
		t.Errorf("together leave %q, alone %q", now, left)
	}
}

// TestWhichReleasesGoInFront: those of a token whose key stands nowhere earlier,
// when they are enough.
func TestWhichReleasesGoInFront(t *testing.T) {
	t.Parallel()
	unlock := func(key string) *request { return &request{op: release, kind: byToken, key: key} }
	undo := func(key string) *request { return &request{op: release, kind: byValue, key: key} }
	lock := func(key string) *request { return &request{op: acquire, key: key} }
	for _, c := range []struct {
		requests []*request
		moved    []int
	}{
		{[]*request{unlock("a"), lock("b"), unlock("c")}, nil},
		{[]*request{lock("b"), unlock("a"), unlock("c"), lock("a"), unlock("d")}, []int{1, 2, 4}},
		{[]*request{lock("a"), unlock("a"), unlock("b"), unlock("c"), unlock("d")}, []int{2, 3, 4}},
		{[]*request{undo("a"), unlock("a"), unlock("b"), unlock("c"), unlock("b")}, []int{2, 3, 4}},
		{[]*request{unlock("a"), unlock("b"), lock("a"), unlock("a"), unlock("c")}, []int{0, 1, 4}},
	} {
		var g gathering
		g.choose(c.requests, func(*request) bool { return false })
		var moved []int
		for i := range c.requests {
			if g.moves(i) {
				moved = append(moved, i)
			}
		}
		if !slices.Equal(moved, c.moved) || g.count != len(c.moved) {
			t.Errorf("of %d requests %v go in front, want %v", len(c.requests), moved, c.moved)
		}
	}
}

// TestAnUnlockDoesNotPassItsLock in one batch with many others.
func TestAnUnlockDoesNotPassItsLock(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{NodeTimeout: patient}, soundRules())
	each(wires, func(w *redistest.Wire) { w.HoldRequests(true) })
	first := make(chan error, 1)
	q.StartLock(t.Context(), lockFor("first", time.Minute), func(g Grant, err error) { first <- err })
	eventually(t, "the first is away", func() bool { return q.waiting() == 0 })
	const many = 10
	locked, unlocked := make(chan error, many), make(chan error, many)
	for i := range many {
		r := Request{Resource: fmt.Sprint(i), Token: fmt.Sprint("T", i), TTL: time.Minute, Session: 1}
		q.StartLock(t.Context(), r, func(_ Grant, err error) { locked <- err })
	}
	for i := range many {
		q.queue.start(&task{quorum: q, op: release, kind: byToken, ended: func(err error) { unlocked <- err },
			request: Request{Resource: fmt.Sprint(i), Token: fmt.Sprint("T", i)}}) // of another session: nothing but the lane keeps it behind
		q.hold()
	}
	each(wires, func(w *redistest.Wire) { w.HoldRequests(false) })
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	for range many {
		if err := <-locked; err != nil {
			t.Error("Lock:", err)
		}
		if err := <-unlocked; err != nil {
			t.Error("Unlock:", err)
		}
	}
	settled(t, q)
	for _, s := range servers {
		if keys, err := s.Keys(t.Context()); err != nil || len(keys) != 1 {
			t.Errorf("left at a node: %q, %v; want the first alone", keys, err)
		}
	}
}

// TestManyReleasesAreNotAnsweredByFewReplies: a node whose reply is no list, or of
// another length, has not answered.
func TestManyReleasesAreNotAnsweredByFewReplies(t *testing.T) {
	t.Parallel()
	g := gathering{count: 3}
	for _, c := range []call{{value: int64(1)}, {value: []any{int64(1), int64(1)}}, {err: errReply}, {err: redis.Nil}} {
		got := g.answerTo(&c, 0)
		if a := interpret(&request{op: release}, &got, true); a.verdict == yes {
			t.Errorf("%+v is taken for a release", c)
		}
	}
}

package redlock

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// without gives the nodes but one.
func without(nodes []Node, i int) []Node {
	return slices.Delete(slices.Clone(nodes), i, i+1)
}

func mustReplace(t *testing.T, o Options, old Node) Replaced {
	t.Helper()
	o.NodeTimeout = time.Second
	r, err := Replace(t.Context(), o, old)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// witness notices two who hold one lock.
type witness struct {
	mu      sync.Mutex
	until   time.Time // of the grant that was not given back
	grants  int
	overlap time.Duration
}

func (w *witness) granted(g Grant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if over := time.Until(w.until); over > 0 {
		w.overlap = max(w.overlap, over)
	}
	w.until = g.Until
	w.grants++
}

func (w *witness) givesBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = time.Time{}
}

// contend takes one lock again and again, and lets every third lapse.
func (w *witness) contend(t *testing.T, q *Quorum, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		g, err := q.Lock(t.Context(), lockFor("contended", 200*time.Millisecond))
		if err != nil {
			time.Sleep(5 * time.Millisecond) // the pace of contenders
			continue
		}
		w.granted(g)
		if i%3 == 0 {
			continue
		}
		w.givesBack()
		_ = q.Unlock(t.Context(), Request{Resource: g.Resource, Token: g.Token})
	}
}

// TestReplaceUnderLoad, with processes that have the old nodes and the new.
func TestReplaceUnderLoad(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 4)
	nodes := at(addresses(servers)...)
	before := guarded(t, servers[:3])
	after := open(t, Options{Nodes: without(nodes, 2), FirstStart: FirstStartAuto, MaxTTL: short})
	wantStates(t, after, StateAdmitted, StateAdmitted, StateWaiting)
	var w witness
	var load sync.WaitGroup
	stop := make(chan struct{})
	for _, q := range []*Quorum{before, after} {
		load.Go(func() { w.contend(t, q, stop) })
	}
	defer load.Wait()
	defer sync.OnceFunc(func() { close(stop) })()
	eventually(t, "locks are taken", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.grants > 50 })

	began := time.Now()
	o := Options{Nodes: without(nodes, 2), MaxTTL: short}
	done := mustReplace(t, o, nodes[2])
	if done.New != "n4" || done.Old != nil || done.Wait < short {
		t.Errorf("got %+v", done)
	}
	eventually(t, "the old node is no more asked", func() bool { return errors.Is(before.Nodes()[2].Down, errReplaced) })
	asked := calls(t, servers[2:3], "set")
	wantStates(t, after, StateAdmitted, StateAdmitted, StateAdmitted)
	if took := time.Since(began); took < short {
		t.Errorf("the new node voted after %v", took)
	}
	if n := calls(t, servers[2:3], "set") - asked; n != 0 {
		t.Errorf("the old node was asked %d times more", n)
	}
	again := mustReplace(t, o, nodes[2])
	if again.Wait != 0 || again.Old != nil {
		t.Errorf("again: %+v", again)
	}
	// The old node does not come back, also when it has forgotten that it is retired.
	restartEmpty(t, servers[2])
	eventually(t, "the old node is known no more", func() bool {
		return strings.Contains(fmt.Sprint(before.Nodes()[2].Why), errUnknown.Error()) && before.Nodes()[2].Down == nil
	})
	servers[0].Kill()
	eventually(t, "the new node makes a majority", func() bool {
		g, err := after.Lock(t.Context(), lockFor("a", short))
		return err == nil && after.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}) == nil
	})
	if names := servers[1].Client().HGet(t.Context(), memberKey, "names").Val(); names != "n1\nn2\nn4" {
		t.Errorf("the members are called %q", names)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.overlap > 0 {
		t.Errorf("two holders for %v", w.overlap)
	}
}

// cutOffWhileReplaced: a process reaches the old node only, while that is
// replaced; then it reaches one member more. Those two are no majority of
// anything. It tells whether they granted or extended a lock.
func cutOffWhileReplaced(t *testing.T, r rules, extend bool) bool {
	t.Helper()
	servers := redistest.Start(t, 4)
	nodes := at(addresses(servers)...)
	var reach []string
	var wires []*redistest.Wire
	for _, s := range servers[:3] {
		w := redistest.StartWire(t, s.Addr())
		wires, reach = append(wires, w), append(reach, w.Addr())
	}
	q := openBroken(t, Options{Nodes: at(reach...), FirstStart: FirstStartAuto}, r)
	held := mustLock(t, q, lockFor("held", time.Minute))
	settled(t, q)
	each(wires[:2], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	mustReplace(t, Options{Nodes: without(nodes, 2)}, Node{Name: "n3", Options: at(reach[2])[0].Options})
	if err := servers[2].Client().HSet(t.Context(), memberKey, "state", admitted).Err(); err != nil {
		t.Fatal(err) // as if it could not have been told
	}
	replaced := time.Now()
	eventually(t, "votes of before are too old", func() bool { return time.Since(replaced) > guardPeriod })
	each(wires[:1], func(w *redistest.Wire) { w.Refuse(false) })
	for i := 0; q.Nodes()[2].Down == nil; i++ {
		var err error
		if extend {
			_, err = q.Extend(t.Context(), Request{Resource: "held", Token: held.Token, TTL: time.Minute})
		} else {
			_, err = q.Lock(t.Context(), lockFor(fmt.Sprint("a", i), time.Minute))
		}
		if err == nil {
			return true
		}
		if time.Since(replaced) > 30*time.Second {
			t.Fatal("the old node is asked for ever")
		}
	}
	return false
}

func TestWhoWasCutOffDoesNotCountTheReplacedNode(t *testing.T) {
	t.Parallel()
	for _, extend := range []bool{false, true} {
		if cutOffWhileReplaced(t, soundRules(), extend) {
			t.Errorf("extend=%v: the old node's vote counted", extend)
		}
	}
}

// TestStaleVotesWouldBeNoticed is the control of the test above. The look at the
// old node that comes every half second hides it at times.
func TestStaleVotesWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.staleVotes = true
	for _, extend := range []bool{false, true} {
		noticed := false
		for range 8 {
			if noticed = cutOffWhileReplaced(t, broken, extend); noticed {
				break
			}
		}
		if !noticed {
			t.Errorf("extend=%v: the old node's vote never counted: the scenario shows nothing", extend)
		}
	}
}

// waitOfNewMember is how long a node waits to vote from its replacement on, for a
// process that has looked at it for long.
func waitOfNewMember(t *testing.T, r rules) time.Duration {
	t.Helper()
	servers := redistest.Start(t, 4)
	nodes := at(addresses(servers)...)
	guarded(t, servers[:3])
	began := time.Now()
	after := openBroken(t, Options{Nodes: without(nodes, 2), FirstStart: FirstStartAuto, MaxTTL: short}, r)
	eventually(t, "the new node was seen for long", func() bool { return time.Since(began) > short+time.Second })
	servers[2].Kill()
	began = time.Now()
	if done := mustReplace(t, Options{Nodes: without(nodes, 2), MaxTTL: short}, nodes[2]); done.Old == nil {
		t.Error("the old node was told, it seems, though it is away")
	}
	wantStates(t, after, StateAdmitted, StateAdmitted, StateAdmitted)
	return time.Since(began)
}

func TestANewMemberWaitsFromItsRecordOn(t *testing.T) {
	t.Parallel()
	if took := waitOfNewMember(t, soundRules()); took < short {
		t.Errorf("the new node voted after %v", took)
	}
}

func TestAnEarlyMemberWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.earlyMember = true
	if took := waitOfNewMember(t, broken); took >= short {
		t.Errorf("the new node voted after %v: the scenario shows nothing", took)
	}
}

// TestReplaceGoesOnWhereItBrokeOff, also when a member restarted meanwhile.
func TestReplaceGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 4)
	nodes := at(addresses(servers)...)
	if err := guarded(t, servers[:3]).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := Options{Nodes: without(nodes, 2), MaxTTL: short}
	if err := servers[0].Client().HSet(t.Context(), memberKey, "generation", 1, "names", "n1\nn2\nn4").Err(); err != nil {
		t.Fatal(err)
	}
	if err := servers[1].Client().HSet(t.Context(), memberKey, "run", "another").Err(); err != nil {
		t.Fatal(err)
	}
	mustReplace(t, o, nodes[2])
	for i, want := range map[int]string{0: admitted, 2: retired, 3: quarantined} {
		got := servers[i].Client().HGetAll(t.Context(), memberKey).Val()
		if got["state"] != want || want != retired && got["generation"] != "1" {
			t.Errorf("n%d: %v", i+1, got)
		}
	}
	// A process that comes now finds the generation of a node that lost it.
	restartEmpty(t, servers[1])
	after := open(t, Options{Nodes: o.Nodes, FirstStart: FirstStartAuto, MaxTTL: short})
	wantStates(t, after, StateAdmitted, StateAdmitted, StateAdmitted)
	if got := servers[1].Client().HGet(t.Context(), memberKey, "generation").Val(); got != "1" {
		t.Errorf("generation %s", got)
	}
}

// TestReplaceRefuses what is no plain replacement, and then changes nothing.
func TestReplaceRefuses(t *testing.T) {
	t.Parallel()
	record := func(s *redistest.Server, pairs ...any) {
		if err := s.Client().HSet(t.Context(), memberKey, pairs...).Err(); err != nil {
			t.Error(err)
		}
	}
	list := func(n []Node, which ...int) []Node {
		var all []Node
		for _, i := range which {
			all = append(all, n[i])
		}
		return all
	}
	for _, c := range []struct {
		name   string
		change func([]*redistest.Server, []Node) []Node // gives the new list
		want   string
	}{
		{"away", func(s []*redistest.Server, n []Node) []Node { s[0].Kill(); return list(n, 0, 1, 3) }, "n1 does not answer: "},
		{"quarantined", func(s []*redistest.Server, n []Node) []Node {
			record(s[0], "state", quarantined)
			return list(n, 0, 1, 3)
		}, "n1 casts no votes now"},
		{"restarted", func(s []*redistest.Server, n []Node) []Node { record(s[0], "run", "x"); return list(n, 0, 1, 3) }, "n1 casts no votes now"},
		{"generation", func(s []*redistest.Server, n []Node) []Node { record(s[0], "generation", 1); return list(n, 0, 1, 3) }, "n2 is of an older generation than the others"},
		{"sizes", func(s []*redistest.Server, n []Node) []Node { return list(n, 0, 1, 3, 4) }, "n1 belongs to a quorum of 3 nodes, and 4 are named here"},
		{"two new", func(s []*redistest.Server, n []Node) []Node { return list(n, 0, 3, 4) }, "n4, n5 have no record, and one node is replaced at a time"},
		{"member", func(s []*redistest.Server, n []Node) []Node {
			record(s[3], "format", memberFormat, "ttl", 1000, "state", admitted, "run", "x")
			return list(n, 0, 1, 3)
		}, "n4 belongs to another quorum"},
		{"twin", func(s []*redistest.Server, n []Node) []Node {
			return append(list(n, 0, 1), named4("localhost:"+strings.Split(s[0].Addr(), ":")[1], "twin"))
		}, "twin is the same server as n1"},
		{"old in it", func(s []*redistest.Server, n []Node) []Node { return list(n, 0, 1, 2) }, "n3 is in the new list too"},
		{"forgot", func(s []*redistest.Server, n []Node) []Node {
			record(s[0], "names", "n1\nn2\nn3\nn4")
			return list(n, 0, 1, 3)
		}, "n4 is a member that lost its memory"},
		{"not called so", func(s []*redistest.Server, n []Node) []Node {
			n[2].Name = "other"
			return list(n, 0, 1, 3)
		}, "no member is called other; they are called n1, n2, n3"},
		{"unused", func(s []*redistest.Server, n []Node) []Node { return list(n, 3, 4) }, "no node is a member yet"},
		{"replica", func(s []*redistest.Server, n []Node) []Node {
			host, port, _ := strings.Cut(s[4].Addr(), ":")
			if err := s[3].Client().ReplicaOf(t.Context(), host, port).Err(); err != nil {
				t.Error(err)
			}
			return list(n, 0, 1, 3)
		}, "n4 is a replica"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			servers := redistest.Start(t, 5)
			q := guarded(t, servers[:3])
			if err := q.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			nodes := at(addresses(servers)...)
			o := Options{Nodes: c.change(servers, nodes), MaxTTL: short, NodeTimeout: time.Second}
			before := servers[1].Client().HGetAll(t.Context(), memberKey).String()
			_, err := Replace(t.Context(), o, nodes[2])
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if after := servers[1].Client().HGetAll(t.Context(), memberKey).String(); after != before {
				t.Errorf("changed from %s to %s", before, after)
			}
		})
	}
}

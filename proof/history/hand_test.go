package history

import (
	"slices"
	"testing"
	"time"
)

// The histories are of one lock with a ttl of 100 ms, of which at most 97 may be
// relied on. Times are milliseconds.

const handTTL = 100

func op(kind Kind, token string, call, ret int, outcome Outcome) Op {
	return Op{
		Kind: kind, Resource: "r", Token: token, TTL: ms(handTTL),
		Call: ms(call), Return: ms(ret), Outcome: outcome,
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// granted is a lock or an extension with all the validity there can be.
func granted(kind Kind, token string, call, ret int) Op {
	o := op(kind, token, call, ret, Yes)
	o.Validity = ms(handTTL - 3)
	return o
}

func fenced(token string, call, ret int, fence int64) Op {
	o := granted(Lock, token, call, ret)
	o.Fenced, o.Fence = true, fence
	return o
}

func lapsing(token string, call, ret int) Op {
	o := granted(Lock, token, call, ret)
	o.Lapses = true
	return o
}

// handWritten is what one lock can have done, and what it can not.
var handWritten = []struct {
	name      string
	rules     Rules
	ops       []Op
	linear    bool // a single lock can have had it
	plain     bool // and the plain check finds nothing
	unordered bool // what is unknown comes first on purpose
}{
	{name: "a lock, its release, the next", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 20, 25, Yes), granted(Lock, "b", 30, 35),
	}},
	{name: "double grant", ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 30, 35),
	}},
	{name: "double grant by the last millisecond", ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 30, 96),
	}},
	{name: "the next when the validity is over", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 30, 97),
	}},
	{name: "a hand-over to one who waited, before the release is answered", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 1, 25), op(Unlock, "a", 20, 26, Yes),
	}},
	{name: "a grant before the release was sent", ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 1, 19), op(Unlock, "a", 20, 26, Yes),
	}},
	{name: "refused though it is free: votes split", linear: true, plain: true, ops: []Op{
		op(Lock, "a", 0, 5, No), granted(Lock, "b", 1, 6),
	}},
	{name: "locked again with its token", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "a", 50, 55), granted(Lock, "b", 60, 150),
	}},
	{name: "locked again with its token, and lost before the later end", ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "a", 50, 55), granted(Lock, "b", 60, 120),
	}},
	{name: "an extension moves the end", ops: []Op{
		granted(Lock, "a", 0, 5), granted(Extend, "a", 90, 95), granted(Lock, "b", 100, 150),
	}},
	{name: "an extension that came in time, though late for the client", linear: true, plain: true, ops: []Op{
		lapsing("a", 0, 5), granted(Extend, "a", 100, 108), op(Unlock, "a", 110, 111, Yes),
	}},
	{name: "an extension that revives", plain: true, ops: []Op{
		lapsing("a", 0, 5), granted(Extend, "a", 109, 112),
	}},
	{name: "an extension of what another took meanwhile", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 96, 100), granted(Extend, "a", 198, 200), op(Unlock, "b", 201, 202, Yes),
	}},
	{name: "an extension of what was released", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 10, 12, Yes), granted(Extend, "a", 13, 15),
	}},
	{name: "an extension refused within the validity", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Extend, "a", 10, 12, No),
	}},
	{name: "the same, where nodes forget", rules: Rules{NodesForget: true}, linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Extend, "a", 10, 12, No), granted(Lock, "b", 11, 13),
	}},
	{name: "and the next before the holder has heard", rules: Rules{NodesForget: true}, ops: []Op{
		granted(Lock, "a", 0, 5), op(Extend, "a", 10, 15, No), granted(Lock, "b", 11, 13),
	}},
	{name: "nodes that forget excuse no double grant", rules: Rules{NodesForget: true}, ops: []Op{
		granted(Lock, "a", 0, 5), granted(Lock, "b", 30, 35),
	}},
	{name: "a release by another answered 1", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "b", 10, 12, Yes), op(Unlock, "a", 13, 14, Yes),
	}},
	{name: "a release by another answered 0", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "b", 10, 12, No), op(Unlock, "a", 13, 14, Yes),
	}},
	{name: "a release answered 0 within the validity", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 10, 12, No),
	}},
	{name: "a release answered 1 twice", plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 10, 12, Yes), op(Unlock, "a", 13, 14, Yes),
	}},
	{name: "a release that is not answered, and its repetition", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 10, 15, Unknown), op(Unlock, "a", 16, 17, No), granted(Lock, "b", 18, 20),
	}},
	{name: "a release that is not answered lets the next in", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Unlock, "a", 10, 12, Unknown), granted(Lock, "b", 30, 35),
	}},
	{name: "a lock that is not answered, and is released", linear: true, plain: true, ops: []Op{
		op(Lock, "a", 0, 5, Unknown), op(Unlock, "a", 10, 12, Yes), granted(Lock, "b", 13, 15),
	}},
	{name: "a lock that is not answered excuses no double grant", unordered: true, ops: []Op{
		op(Lock, "c", 0, 1, Unknown), granted(Lock, "a", 0, 5), granted(Lock, "b", 30, 35),
		op(Lock, "c", 140, 141, Yes),
	}},
	{name: "an extension that is not answered may have lengthened it", linear: true, plain: true, ops: []Op{
		lapsing("a", 0, 5), op(Extend, "a", 90, 95, Unknown), granted(Extend, "a", 150, 155),
	}},
	{name: "fences that rise", linear: true, plain: true, ops: []Op{
		fenced("a", 0, 5, 7), op(Unlock, "a", 6, 7, Yes), fenced("b", 8, 9, 8),
	}},
	{name: "a fence that repeats", ops: []Op{
		fenced("a", 0, 5, 7), op(Unlock, "a", 6, 7, Yes), fenced("b", 8, 9, 7),
	}},
	{name: "a fence that falls", ops: []Op{
		fenced("a", 0, 5, 7), op(Unlock, "a", 6, 7, Yes), fenced("b", 8, 9, 6),
	}},
	{name: "a fence that falls, with locks without one between", ops: []Op{
		fenced("a", 0, 5, 7), op(Unlock, "a", 6, 7, Yes), granted(Lock, "b", 8, 9), op(Unlock, "b", 10, 11, Yes), fenced("c", 12, 13, 6),
	}},
	{name: "a token that is granted again with the same fence", ops: []Op{
		fenced("a", 0, 5, 7), fenced("a", 6, 7, 7),
	}},
	{name: "a node forgets unseen", linear: true, plain: true, ops: []Op{
		granted(Lock, "a", 0, 5), op(Forget, "", 10, 40, Unknown), granted(Lock, "b", 30, 35),
	}},
	{name: "one that forgot excuses nothing later", ops: []Op{
		granted(Lock, "a", 0, 5), op(Forget, "", 10, 20, Unknown), granted(Lock, "b", 30, 35),
	}},
	{name: "nor two grants", ops: []Op{
		granted(Lock, "a", 0, 5), op(Forget, "", 10, 60, Unknown), granted(Lock, "b", 30, 35), granted(Lock, "c", 70, 75),
	}},
}

func TestHandWrittenHistories(t *testing.T) {
	for _, c := range handWritten {
		if !c.unordered && !slices.IsSortedFunc(c.ops, func(a, b Op) int { return int(a.Call - b.Call) }) {
			t.Errorf("%s: not in order", c.name)
		}
		if bad := c.rules.Linearizable(c.ops, time.Minute); (len(bad) == 0) != c.linear {
			t.Errorf("%s: one lock can have had it: %v, want %v", c.name, len(bad) == 0, c.linear)
		}
		if bad := Plain(c.ops); (len(bad) == 0) != c.plain {
			t.Errorf("%s: the plain check says %q, want nothing: %v", c.name, bad, c.plain)
		}
	}
}

func TestValidityThatReachesIntoTheDrift(t *testing.T) {
	o := granted(Lock, "a", 0, 5)
	o.Validity++
	if bad := Plain([]Op{o}); len(bad) != 1 {
		t.Errorf("the plain check says %q, want one complaint", bad)
	}
}

func TestFenceThatIsMissing(t *testing.T) {
	if bad := Plain([]Op{fenced("a", 0, 5, 0)}); len(bad) != 1 {
		t.Errorf("the plain check says %q, want one complaint", bad)
	}
}

func TestResourcesAreSeparate(t *testing.T) {
	other := granted(Lock, "b", 10, 15)
	other.Resource = "other"
	ops := []Op{granted(Lock, "a", 0, 5), other}
	if bad := (Rules{}).Linearizable(ops, time.Minute); len(bad) != 0 {
		t.Errorf("a lock on another resource is a violation: %v", bad)
	}
	if bad := Plain(ops); len(bad) != 0 {
		t.Errorf("a lock on another resource is a violation: %q", bad)
	}
}

package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// round is a random run of one world. Its seed chooses everything but the
// scheduling of processes and threads.
type round struct {
	plan
	seed      uint64
	lasts     time.Duration
	clients   int
	resources int
	faults    [][]kind // each list is worked off beside the others
	rules     history.Rules
	flushes   bool // nodes are flushed, which is noted
}

// common is what all rounds have.
func common(seed uint64) round {
	return round{
		plan: plan{
			nodes: 3 + 2*int(seed%2), proxies: 3, binary: built.proxy,
			args: []string{"--node-timeout=100ms", "--max-ttl=700ms"},
		},
		seed: seed, lasts: 10 * time.Second, clients: 16, resources: 3, rules: forgets,
		faults: [][]kind{nodeFaults, wireFaults, wireFaults, proxyFaults, forgetting},
	}
}

// TestHistories runs round after round.
func TestHistories(t *testing.T) {
	t.Parallel()
	rounds(t, func(t *testing.T, seed uint64, lasts time.Duration) {
		r := common(seed)
		r.lasts = min(r.lasts, lasts)
		ops := r.play(t)
		judge(t, seed, r.rules, ops)
		wantPower(t, ops)
	})
}

// rounds gives each round a seed and the rest of the time; with a seed on the
// command line there is one, of that seed.
func rounds(t *testing.T, play func(t *testing.T, seed uint64, lasts time.Duration)) {
	t.Helper()
	const least = 6 * time.Second // A shorter round shows little.
	for end, first := time.Now().Add(chosen.run), true; first || chosen.seed == 0 && time.Until(end) > least; first = false {
		seed := chosen.seed
		if seed == 0 {
			seed = rand.Uint64()
		}
		ok := t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Logf("again with: go test -run %s -proof.seed=%d", t.Name(), seed)
			play(t, seed, time.Until(end))
		})
		if !ok {
			return
		}
	}
}

// play lets clients and faults loose and returns what the clients were told.
func (r round) play(t *testing.T) []history.Op {
	t.Helper()
	w := r.open(t)
	recorder, harm := history.NewRecorder(), &mischief{counts: make(map[string]int)}
	ctx, cancel := context.WithTimeout(t.Context(), r.lasts)
	defer cancel()
	var stream uint64
	dice := func() *rand.Rand {
		stream++
		return rand.New(rand.NewPCG(r.seed, stream))
	}
	var all sync.WaitGroup
	if r.flushes {
		r.faults = append(slices.Clone(r.faults), []kind{flushNode(recorder), nothing, nothing})
	}
	for _, kinds := range r.faults {
		d := dice()
		all.Go(func() { harm.cause(ctx, w, d, kinds) })
	}
	for id := range r.clients {
		l := &life{newClient(id, recorder, impatient, w.fronts()...), dice(), r.resources}
		all.Go(func() {
			defer l.close()
			l.live(ctx)
		})
	}
	all.Wait()
	t.Logf("%d nodes, %d proxies, %d clients; %v", r.nodes, r.proxies, r.clients, harm)
	w.wantRecovered(t)
	return recorder.Ops()
}

// wantRecovered: when nothing is wrong any more every proxy grants again.
func (w *world) wantRecovered(t *testing.T) {
	t.Helper()
	calm := history.NewRecorder()
	c := newClient(0, calm, impatient, w.fronts()...)
	defer c.close()
	for i, l := range c.lines {
		a := ask{resource: "calm", token: fmt.Sprint("calm ", i), ttl: 600 * time.Millisecond, wait: []any{"BLOCK", 500}}
		var got history.Op
		eventually(t, "a proxy grants again", func() bool {
			got = c.lock(l, a)
			return got.Outcome == history.Yes
		})
		eventually(t, "a lock is released", func() bool { return c.unlock(l, got).Outcome != history.Unknown })
	}
}

// wantPower: a history in which little happened says nothing.
func wantPower(t *testing.T, ops []history.Op) {
	t.Helper()
	count := make(map[string]int)
	for _, o := range ops {
		count[fmt.Sprintf("%s %s", o.Kind, o.Outcome)]++
	}
	t.Logf("%d operations: %v", len(ops), count)
	for what, least := range map[string]int{"lock yes": 10, "lock no": 5, "extend yes": 2, "unlock yes": 5, "lock unknown": 1} {
		if count[what] < least {
			t.Errorf("%s: %d of them, want %d: nothing is shown", what, count[what], least)
		}
	}
}

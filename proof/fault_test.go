package proof

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/proof/history"
)

// fault is something that goes wrong for a while. It is begun and ended by one
// goroutine, which does nothing else meanwhile.
type fault struct {
	name       string
	begin, end func()
	most       time.Duration // how long it lasts at the most
}

// kind makes a fault at a place that the dice choose.
type kind func(w *world, dice *rand.Rand) fault

// nodeFaults are those of a node's process.
var nodeFaults = []kind{pauseNode}

// forgetting are those in which a node loses its keys, by a restart. It votes
// again after a while only, so there must not be many of them.
var forgetting = []kind{restartNode, killNode, nothing, nothing}

// wireFaults are those of the way from a proxy to a node.
var wireFaults = []kind{
	wireFault("replies are lost", (*redistest.Wire).LoseReplies),
	wireFault("requests are held", (*redistest.Wire).HoldRequests),
	wireFault("a black hole", (*redistest.Wire).BlackHole),
	wireFault("connections are refused", (*redistest.Wire).Refuse),
	cutWire, delayWire, isolateProxy,
}

// proxyFaults are those of a proxy's process.
var proxyFaults = []kind{pauseProxy, killProxy}

func nothing(*world, *rand.Rand) fault {
	return fault{name: "nothing", begin: func() {}, end: func() {}, most: 2 * time.Second}
}

func pauseNode(w *world, dice *rand.Rand) fault {
	n := one(dice, w.nodes)
	return fault{name: "a node stands still", begin: n.Pause, end: n.Resume, most: time.Second}
}

func restartNode(w *world, dice *rand.Rand) fault {
	n := one(dice, w.nodes)
	return fault{name: "a node is restarted empty", begin: func() { w.restart(n) }, end: func() {}}
}

func killNode(w *world, dice *rand.Rand) fault {
	n := one(dice, w.nodes)
	return fault{name: "a node is dead for a while", begin: n.Kill, end: func() { w.restart(n) }, most: time.Second}
}

func (w *world) restart(n *redistest.Server) {
	if err := n.RestartEmpty(); err != nil {
		w.t.Error(err)
	}
}

// unseen is how old a look at a node may be when its vote counts.
const unseen = 500 * time.Millisecond

// flushNode is noted, as it excuses what happens until it is noticed.
func flushNode(recorder *history.Recorder) kind {
	return func(w *world, dice *rand.Rand) fault {
		n := one(dice, w.nodes)
		return fault{name: "a node is flushed", end: func() {}, begin: func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			o := history.Op{Kind: history.Forget, Outcome: history.Unknown, Call: recorder.Now(), Note: n.Addr()}
			if err := n.Client().FlushAll(ctx).Err(); err != nil {
				o.Note = fmt.Sprint(n.Addr(), " ", err) // It stands still, and may do it later.
				for end := time.Now().Add(patience); n.Client().Ping(context.Background()).Err() != nil && time.Now().Before(end); {
					time.Sleep(5 * time.Millisecond)
				}
			}
			o.Return = recorder.Now() + unseen
			recorder.Add(o)
		}}
	}
}

func wireFault(name string, turn func(*redistest.Wire, bool)) kind {
	return func(w *world, dice *rand.Rand) fault {
		wire := one(dice, one(dice, w.proxies).wires)
		return fault{
			name: name, most: 600 * time.Millisecond,
			begin: func() { turn(wire, true) }, end: func() { turn(wire, false) },
		}
	}
}

func cutWire(w *world, dice *rand.Rand) fault {
	wire := one(dice, one(dice, w.proxies).wires)
	return fault{name: "connections are cut", begin: wire.Cut, end: func() {}}
}

func delayWire(w *world, dice *rand.Rand) fault {
	wire, d := one(dice, one(dice, w.proxies).wires), time.Duration(1+dice.IntN(80))*time.Millisecond
	return fault{
		name: "a slow way", most: time.Second,
		begin: func() { wire.Delay(d) }, end: func() { wire.Delay(0) },
	}
}

// isolateProxy lets a proxy's requests reach a majority, and no reply come back.
func isolateProxy(w *world, dice *rand.Rand) fault {
	wires := one(dice, w.proxies).wires
	all := func(on bool) func() {
		return func() {
			for _, wire := range wires[:len(wires)/2+1] {
				wire.LoseReplies(on)
			}
		}
	}
	return fault{name: "a majority is heard by nobody", begin: all(true), end: all(false), most: 300 * time.Millisecond}
}

func pauseProxy(w *world, dice *rand.Rand) fault {
	p := one(dice, w.proxies)
	return fault{name: "a proxy stands still", begin: func() { p.stop() }, end: func() { p.resume() }, most: time.Second}
}

func killProxy(w *world, dice *rand.Rand) fault {
	p := one(dice, w.proxies)
	return fault{
		name: "a proxy is dead for a while", most: 300 * time.Millisecond,
		begin: func() { p.kill() }, end: p.restart,
	}
}

func one[T any](dice *rand.Rand, of []T) T { return of[dice.IntN(len(of))] }

// mischief counts what has gone wrong.
type mischief struct {
	mu     sync.Mutex
	counts map[string]int
}

// cause lets one fault follow the other until the run is over.
func (m *mischief) cause(ctx context.Context, w *world, dice *rand.Rand, kinds []kind) {
	for ctx.Err() == nil {
		calm := 50*time.Millisecond + time.Duration(dice.Int64N(int64(700*time.Millisecond)))
		f := one(dice, kinds)(w, dice)
		lasts := time.Duration(dice.Int64N(int64(f.most) + 1))
		sleep(ctx, calm)
		if ctx.Err() != nil {
			return
		}
		f.begin()
		sleep(ctx, lasts)
		f.end()
		m.mu.Lock()
		m.counts[f.name]++
		m.mu.Unlock()
	}
}

func (m *mischief) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m.counts)) {
		all = append(all, fmt.Sprintf("%s: %d", name, m.counts[name]))
	}
	return strings.Join(all, ", ")
}

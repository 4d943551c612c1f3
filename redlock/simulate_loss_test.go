package redlock

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The weather of this file is nodes that lose their memory in other ways than by
// a restart, or seem to be what they are not. Connections end with it, so that
// whoever has one looks before it asks anything: a loss in the middle of one is
// found by the next look, and what happens until then is a limit, see flushAll.

// upset lets some node that is there suffer something; under the lock.
func upset(suffer func(*simWorld, *simNode, *rand.Rand)) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := w.nodes[random.IntN(len(w.nodes))]; n.up && !n.follows {
			suffer(w, n, random)
		}
	}
}

// wipe is FLUSHALL by one who ends all connections.
func wipe(w *simWorld, n *simNode, _ *rand.Rand) {
	w.logf("%s is wiped", n.name())
	n.keys = newSimKeys()
	w.broken(n, n.hangUp())
}

// demote makes a node a replica for a while. It has what it had until its master,
// which is empty or has the record of another member, sends what that has.
func demote(most time.Duration) func(*simWorld, *rand.Rand) {
	return upset(func(w *simWorld, n *simNode, random *rand.Rand) {
		w.logf("%s is a replica", n.name())
		n.follows = true
		w.broken(n, n.hangUp())
		run, other := n.runs, w.nodes[random.IntN(len(w.nodes))]
		if random.IntN(2) == 0 {
			other = n
		}
		lasts := some(random, most)
		while := func(do func()) func() {
			return func() {
				if n.runs == run && n.up {
					do()
				}
			}
		}
		w.until(lasts/2, while(func() {
			record := other.keys.values[memberKey]
			n.keys = newSimKeys()
			if other != n && record != nil {
				n.keys.values[memberKey] = record.clone()
			}
			w.logf("%s has what its master has", n.name())
		}))
		w.until(lasts, while(func() {
			w.logf("%s is a master", n.name())
			n.follows = false
		}))
	})
}

// promote puts a copy of a node in its place, which lacks what was written last.
func promote(most time.Duration) func(*simWorld, *rand.Rand) {
	return upset(func(w *simWorld, n *simNode, random *rand.Rand) {
		run, copied := n.runs, n.keys.clone()
		w.logf("%s is copied", n.name())
		w.until(some(random, most), func() {
			if n.runs != run || !n.up {
				return
			}
			w.crash(n, 0, true)
			n.keys = copied
			w.start(n)
			n.aged()
			w.history.restored.Store(true)
		})
	})
}

// replaceServer puts an empty server in the place of a node, one that has run for long.
func replaceServer(w *simWorld, n *simNode, _ *rand.Rand) {
	w.crash(n, 0, false)
	w.start(n)
	n.aged()
}

// rebootLate is a restart of a machine whose clock is behind, and is set when the
// server already runs.
func rebootLate(most time.Duration) func(*simWorld, *rand.Rand) {
	return upset(func(w *simWorld, n *simNode, random *rand.Rand) {
		away, late := some(random, most), some(random, 3*time.Second)
		w.crash(n, away, false)
		run := n.runs + 1
		w.until(away+time.Microsecond, func() {
			if n.runs == run {
				w.logf("%s has its clock set %v ahead", n.name(), late)
				n.clock.offset += late
			}
		})
	})
}

// stepClock sets a node's clock forward.
func stepClock(least, most time.Duration) func(*simWorld, *rand.Rand) {
	return upset(func(w *simWorld, n *simNode, random *rand.Rand) {
		d := least + time.Duration(random.Int64N(int64(most-least)))
		w.logf("%s has its clock set %v ahead", n.name(), d)
		n.clock.offset += d
		w.broken(n, n.hangUp())
	})
}

func (k *simKeys) clone() *simKeys {
	c := newSimKeys()
	for key, v := range k.values {
		c.values[key] = v.clone()
	}
	return c
}

func (v *simValue) clone() *simValue {
	c := *v
	c.fields = slices.Clone(v.fields)
	return &c
}

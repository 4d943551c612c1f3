package redlock

import (
	"math/rand/v2"
	"slices"
	"time"
)

// simWeather is one kind of fault, and how often it is chosen.
type simWeather struct {
	weight int
	strike func(*simWorld, *rand.Rand)
}

// blow lets faults happen until the schedule is over.
func (w *simWorld) blow() {
	random := w.newRandom(forWeather)
	total := 0
	for _, one := range w.profile.weather {
		total += one.weight
	}
	if total == 0 {
		return
	}
	for !w.wait(time.Duration(random.Int64N(int64(2 * w.profile.every)))) {
		at := random.IntN(total)
		for _, one := range w.profile.weather {
			if at -= one.weight; at < 0 {
				one.strike(w, random)
				break
			}
		}
	}
}

// until undoes a fault after a while; what is left of them at the end of the
// schedule is repaired then.
func (w *simWorld) until(d time.Duration, undo func()) {
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		undo()
	})
}

// some is a time of the order of most, seldom much shorter.
func some(random *rand.Rand, most time.Duration) time.Duration {
	return most/50 + time.Duration(random.Int64N(int64(most)))
}

// pauseNode stops a node like SIGSTOP.
func pauseNode(most time.Duration) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		n := w.nodes[random.IntN(len(w.nodes))]
		if !n.up || n.paused {
			return
		}
		n.paused = true
		run := n.runs
		w.logf("%s stops", n.name())
		w.until(some(random, most), func() {
			if n.runs == run {
				w.resume(n)
			}
		})
	}
}

// resume lets a stopped node execute what its sockets hold: of each connection
// in order, of different ones in any.
func (w *simWorld) resume(n *simNode) {
	if !n.up || !n.paused {
		return
	}
	w.logf("%s goes on", n.name())
	n.paused = false
	inbox := n.inbox
	n.inbox = nil
	n.random.Shuffle(len(inbox), func(i, j int) { inbox[i], inbox[j] = inbox[j], inbox[i] })
	for _, m := range inbox {
		switch {
		case m.lost:
		case m.conn.dead:
			w.reply(m, errSimReset)
		default:
			m.here = true
			w.advance(m.conn)
		}
	}
}

// restartNode ends a node, which starts again with or without its keys.
func restartNode(most time.Duration, remembers bool) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.crash(w.nodes[random.IntN(len(w.nodes))], some(random, most), remembers)
	}
}

// restartAll ends all nodes at about the same time.
func restartAll(most time.Duration, remember bool) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, n := range w.nodes {
			w.crash(n, some(random, most), remember)
		}
	}
}

// crash ends a node for a while; under the lock.
func (w *simWorld) crash(n *simNode, away time.Duration, remembers bool) {
	if !n.up {
		return
	}
	w.logf("%s ends; it will remember: %v", n.name(), remembers)
	w.broken(n, n.crash())
	n.remembers = remembers
	w.until(away, func() { w.start(n) })
}

// broken lets proxies hear of the end of their connections.
func (w *simWorld) broken(n *simNode, ended []*simConn) {
	for _, c := range ended {
		if c.wire.proxy.cutFrom[n.index] {
			continue
		}
		for _, m := range c.wire.uncollected() {
			time.AfterFunc(w.latency(c.wire.back), func() { m.tell(errSimReset) })
		}
	}
}

func (w *simWorld) start(n *simNode) {
	if !n.up {
		n.start(time.Now())
		w.logf("%s starts as %.6s", n.name(), n.runID)
	}
}

// cut keeps apart one proxy and one node, in one direction or both.
func cut(most time.Duration) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		p, n, how := w.proxies[random.IntN(len(w.proxies))], random.IntN(len(w.nodes)), random.IntN(3)
		w.sever(p, n, how != 0, how != 1, some(random, most))
	}
}

// isolate keeps apart one proxy and several nodes.
func isolate(most time.Duration) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		p, lasts := w.proxies[random.IntN(len(w.proxies))], some(random, most)
		for n := range w.nodes {
			if random.IntN(2) == 0 {
				w.sever(p, n, true, true, lasts)
			}
		}
	}
}

func (w *simWorld) sever(p *simProxy, n int, to, from bool, lasts time.Duration) {
	w.logf("%s and %s are cut: to it %v, from it %v", p.name, w.nodes[n].name(), to, from)
	p.cutTo[n], p.cutFrom[n] = to, from
	w.until(lasts, func() {
		p.cutTo[n], p.cutFrom[n] = false, false
		w.logf("%s and %s are together again", p.name, w.nodes[n].name())
		w.release()
	})
}

// freezeProxy stops a proxy like SIGSTOP or a long garbage collection.
func freezeProxy(most time.Duration) func(*simWorld, *rand.Rand) {
	return func(w *simWorld, random *rand.Rand) {
		w.mu.Lock()
		defer w.mu.Unlock()
		p := w.proxies[random.IntN(len(w.proxies))]
		if p.frozen != nil {
			return
		}
		p.frozen = make(chan struct{})
		w.logf("%s stops", p.name)
		w.until(some(random, most), func() { w.thaw(p) })
	}
}

func (w *simWorld) thaw(p *simProxy) {
	if p.frozen != nil {
		w.logf("%s goes on", p.name)
		close(p.frozen)
		p.frozen = nil
	}
}

// killProxy ends a proxy; another one begins in its place.
func killProxy(w *simWorld, random *rand.Rand) { w.kill(random.IntN(len(w.proxies))) }

// killOther spares the first one, which lives on when all nodes have forgotten
// everything: if nothing is left that knows, nothing can be done.
func killOther(w *simWorld, random *rand.Rand) { w.kill(1 + random.IntN(len(w.proxies)-1)) }

func (w *simWorld) kill(i int) {
	old := w.present(i)
	w.note("%s is killed", old.name)
	old.kill()
	w.mu.Lock()
	w.thaw(old)
	w.mu.Unlock()
	w.history.killed.Store(true)
	p := w.newProxy(i + len(w.proxies)*(1+old.index/len(w.proxies)))
	w.mu.Lock()
	w.proxies[i], w.dead = p, append(w.dead, old)
	w.mu.Unlock()
}

// flushScripts is an operator's SCRIPT FLUSH.
func flushScripts(w *simWorld, random *rand.Rand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.nodes[random.IntN(len(w.nodes))]
	w.logf("%s forgets its scripts", n.name())
	n.scripts = map[string]bool{}
}

// flushAll is an operator's FLUSHALL at one node.
func flushAll(w *simWorld, random *rand.Rand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.nodes[random.IntN(len(w.nodes))]
	w.logf("%s is flushed", n.name())
	n.keys = newSimKeys()
}

// repair ends all faults.
func (w *simWorld) repair() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logf("all is repaired")
	w.calm.Store(true)
	for _, n := range w.nodes[w.profile.without:] {
		w.start(n)
		w.resume(n)
		n.follows = false
	}
	for _, p := range slices.Concat(w.proxies, w.dead) {
		w.thaw(p)
		clear(p.cutTo)
		clear(p.cutFrom)
	}
	w.release()
}

package redlock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// simWorld is one schedule: nodes, proxies, clients and the weather, all of
// whose choices come from one seed. It lives in a synctest bubble, so its clock
// costs no time, and moves only when everybody waits.
type simWorld struct {
	seed    uint64
	profile *simProfile
	rules   rules
	began   time.Time

	mu        sync.Mutex
	nodes     []*simNode
	proxies   []*simProxy
	dead      []*simProxy // whose messages may still be under way
	held      []heldMessage
	exchanges int
	verbose   bool
	events    []string

	history simHistory
	calm    atomic.Bool
	over    chan struct{} // closed when clients and weather shall end
}

// simProfile is what may happen in a schedule, and how often.
type simProfile struct {
	name                               string
	nodes, proxies, clients, resources int

	lasts      time.Duration // until all is repaired
	trip       time.Duration // one way, mostly: from a quarter of it to one and a quarter
	slow       float64       // the share of messages that take up to slowest more
	slowest    time.Duration
	reset      float64 // the share of pipelines whose connection breaks
	split      float64 // the share of pipelines that are executed in two parts
	fast       float64 // clocks of nodes run up to so much too fast or too slow
	skew       time.Duration
	ttls       [2]time.Duration // what clients ask for
	maxTTLs    []time.Duration  // of one proxy after the other
	timeout    time.Duration    // of nodes
	weather    []simWeather     // what befalls nodes, proxies and the network
	every      time.Duration    // so often, about
	behave     simBehaviour     // of the clients
	finally    bool             // look at what is left when all is repaired
	without    int              // nodes that are never there
	never      error            // what no client may hear
	mayNotKill bool             // CLIENT KILL is not allowed
	founded    bool             // the nodes have been a quorum's for long
	far        bool             // the nodes are far: several pipelines are under way over one connection
	ahead      time.Duration    // of the wall clocks of the proxies that are there at first
}

// newRandom makes a source of choices of its own for each thing that makes
// any, so that they do not depend on who comes first.
func (w *simWorld) newRandom(name ...uint64) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, n := range name {
		h = (h ^ (n + 1)) * 1099511628211
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

// What random sources are for, besides connections.
const (
	forNodes = iota + 1000
	forChance
	forClients
	forWeather
	forAbandoned
)

func newSimWorld(seed uint64, profile *simProfile, r rules, verbose bool) *simWorld {
	w := &simWorld{
		seed: seed, profile: profile, rules: r, began: time.Now(), verbose: verbose,
		over: make(chan struct{}),
	}
	random := w.newRandom(forNodes)
	for i := range profile.nodes {
		clock := simClock{began: w.began, speed: 1 + profile.fast*(2*random.Float64()-1)}
		if random.IntN(3) == 0 && profile.fast > 0 {
			clock.speed = 1 + profile.fast
		}
		if profile.skew > 0 {
			clock.offset = time.Duration(random.Int64N(int64(2*profile.skew))) - profile.skew
		}
		n := newSimNode(i, random, clock)
		n.mayNotKill = profile.mayNotKill
		w.nodes = append(w.nodes, n)
	}
	if profile.founded {
		w.found(random)
	}
	for _, n := range w.nodes[:profile.without] {
		n.up = false
	}
	for i := range profile.proxies {
		w.proxies = append(w.proxies, w.newProxy(i))
	}
	return w
}

// found lets every node have the record of a member, in some schedules as an
// earlier version has left it.
func (w *simWorld) found(random *rand.Rand) {
	formerly := random.IntN(3) == 0
	var names []string
	for _, n := range w.nodes {
		names = append(names, n.name())
	}
	for _, n := range w.nodes {
		r := record{
			format: memberFormat, memory: n.runID[:16],
			state: admitted, run: n.runID, set: "5e7", nodes: len(w.nodes),
			ttl: slices.Min(w.profile.maxTTLs), names: names,
		}
		if formerly {
			r.format, r.memory = 1, ""
		}
		v := &simValue{}
		for i, fields := 0, r.fields(); i < len(fields); i += 2 {
			v.fields = append(v.fields, simField{fmt.Sprint(fields[i]), fmt.Sprint(fields[i+1])})
		}
		n.keys.values[memberKey] = v
	}
}

// run is the whole schedule. What is wrong is in the history.
func (w *simWorld) run() {
	var clients, weather sync.WaitGroup
	if w.profile.founded { // otherwise it may take as long as the schedule
		for _, p := range w.proxies {
			_ = p.quorum.Ready(context.Background())
		}
	}
	for i := range w.profile.clients {
		c := &simClient{world: w, name: fmt.Sprintf("c%d", i+1), random: w.newRandom(forClients, uint64(i))}
		clients.Go(c.run)
	}
	weather.Go(w.blow)
	time.Sleep(w.profile.lasts)
	close(w.over)
	weather.Wait()
	w.repair()
	clients.Wait()
	w.history.abandoned.Wait()
	if w.profile.finally {
		w.finally()
	}
	for _, p := range w.proxies {
		p.close()
	}
	w.history.check(w)
	w.history.checkFences(w)
}

// wait sleeps, and reports whether the schedule is over.
func (w *simWorld) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.over:
		return true
	case <-t.C:
		return false
	}
}

// logf notes an event, when somebody is going to read it; under the lock.
func (w *simWorld) logf(format string, args ...any) {
	if !w.verbose {
		return
	}
	w.events = append(w.events, fmt.Sprintf("%11.6f ", time.Since(w.began).Seconds()*1000)+fmt.Sprintf(format, args...))
}

func (w *simWorld) note(format string, args ...any) {
	if !w.verbose {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logf(format, args...)
}

func (n *simNode) name() string { return fmt.Sprintf("n%d", n.index+1) }

// story is all that happened and what is wrong with it.
func (w *simWorld) story() string {
	return strings.Join(w.events, "\n") + "\n" + strings.Join(w.history.wrong, "\n")
}

package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// Three proxies on the same nodes, and clients that know all three.

const (
	fleetTTL = 2 * time.Second // the longest
	shared   = 3               // resources that all want
)

// fleetLoad is the clients and what became of them.
type fleetLoad struct {
	*scene
	stop   context.CancelFunc
	all    sync.WaitGroup
	grants atomic.Int64

	mu       sync.Mutex
	failures map[string]int
}

// begin lets them work until stop is called.
func (l *fleetLoad) begin() {
	l.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(l.Context()))
	l.stop = stop
	for i := range 6 {
		var a asker = newGoFleet(i, l.fronts())
		if i >= 4 {
			a = newPythonFleet(l.T, i, l.fronts())
		}
		id := l.actors
		l.actors++
		l.all.Go(func() { l.work(ctx, id, a) })
	}
	l.Cleanup(func() { stop(); l.all.Wait() })
}

// work takes locks that others want, and now and then tries one that is kept.
func (l *fleetLoad) work(ctx context.Context, id int, a asker) {
	defer a.close()
	for n := 0; ctx.Err() == nil; n++ {
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		if rand.IntN(10) == 0 {
			l.rob(id, a)
			continue
		}
		l.turn(id, n, a)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range a.failures() {
		l.failures[f]++
	}
}

// turn is one acquisition. What was granted must be there until it is released,
// whichever proxies come and go.
func (l *fleetLoad) turn(id, n int, a asker) {
	o := history.Op{
		Client: id, Kind: history.Lock, Resource: fmt.Sprint("shared ", rand.IntN(shared)),
		Token: fmt.Sprintf("client %d turn %d", id, n), TTL: fleetTTL, Fenced: true,
	}
	held := l.do(a, o, "LOCK", o.Resource, o.TTL.Milliseconds(), "TOKEN", o.Token, "FENCE", "BLOCK", 1000)
	if held.Outcome != history.Yes {
		return
	}
	l.grants.Add(1)
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	o.Fenced = false
	o.Kind = history.Extend
	l.wantHeld(held, l.do(a, o, "EXTEND", o.Resource, o.Token, o.TTL.Milliseconds()), 0)
	before := len(a.failures())
	o.Kind = history.Unlock
	released := l.do(a, o, "UNLOCK", o.Resource, o.Token)
	l.wantHeld(held, released, len(a.failures())-before)
}

// wantHeld: asked again, UNLOCK may say 0 of what it has released.
func (l *fleetLoad) wantHeld(held, o history.Op, asked int) {
	if o.Outcome == history.No && asked == 0 && o.Return < held.Call+held.Validity {
		l.Errorf("lost: %v\n\twas granted: %v", o, held)
	}
}

// rob tries to get what is kept.
func (l *fleetLoad) rob(id int, a asker) {
	o := history.Op{Client: id, Kind: history.Lock, Resource: fmt.Sprint("kept ", rand.IntN(len(l.proxies))), Token: "robber", TTL: fleetTTL}
	if o = l.do(a, o, "TRYLOCK", o.Resource, o.TTL.Milliseconds(), "TOKEN", o.Token); o.Outcome == history.Yes {
		l.Errorf("somebody kept it: %v", o)
	}
}

func (l *fleetLoad) do(a asker, o history.Op, words ...any) history.Op {
	o.Call = l.recorder.Now()
	reply, err := a.ask(context.Background(), words...)
	o.Return = l.recorder.Now()
	o = read(o, reply, err)
	if o.Outcome == history.Unknown {
		l.Errorf("no proxy answered: %v", o)
	}
	l.recorder.Add(o)
	return o
}

// keeper has a lock with AUTOEXTEND on a connection of its own, and takes it up
// again elsewhere when that ends.
type keeper struct {
	*fleetLoad
	*client
	at    atomic.Int64 // the proxy that it is connected to
	ask   ask
	ended chan struct{}
}

func (l *fleetLoad) keep(ctx context.Context, resource string, at int) *keeper {
	l.Helper()
	k := &keeper{
		fleetLoad: l, client: newClient(l.actors, l.scene.recorder, patience, l.fronts()...),
		ask: ask{resource: resource, token: "of " + resource, ttl: fleetTTL, keep: true}, ended: make(chan struct{}),
	}
	k.at.Store(int64(at))
	l.actors++
	if got := k.take(); got.Outcome != history.Yes {
		l.Fatalf("not granted: %v", got)
	}
	go k.stay(ctx)
	l.Cleanup(func() { <-k.ended }) // the test has ended ctx
	return k
}

func (k *keeper) line() *line { return k.lines[int(k.at.Load())%len(k.lines)] }

func (k *keeper) take() history.Op {
	a := k.ask
	o := history.Op{Kind: history.Lock, Resource: a.resource, Token: a.token, TTL: a.ttl}
	return k.client.do(k.line(), o, a.words()...)
}

// stay asks again and again whether the lock is there still.
func (k *keeper) stay(ctx context.Context) {
	defer close(k.ended)
	o := history.Op{Resource: k.ask.resource, Token: k.ask.token}
	for ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
		switch o = k.client.extend(k.line(), o, fleetTTL); o.Outcome {
		case history.No:
			k.Errorf("lost: %v", o)
			return
		case history.Unknown:
			k.move()
		}
	}
}

// move takes the lock up at the next proxy that grants it, in time.
func (k *keeper) move() {
	for range 2 * len(k.lines) {
		k.at.Add(1)
		switch o := k.take(); o.Outcome {
		case history.Yes:
			return
		case history.No:
			k.Errorf("not taken up again: %v", o)
			return
		}
	}
	k.Errorf("no proxy took up %s", k.ask.resource)
}

// goOn waits until so many more locks were granted.
func (l *fleetLoad) goOn(what string) {
	l.Helper()
	const many = 30
	want := l.grants.Load() + many
	eventually(l.T, "locks are granted "+what, func() bool { return l.grants.Load() >= want })
}

// drained ends the proxy as an operator does.
func (p *proxy) drained(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	p.killed = true // by us, and it says so with its exit code
	p.mu.Unlock()
	p.signal(syscall.SIGTERM)
	<-p.ended
	if p.err != nil {
		t.Errorf("after SIGTERM: %v\n%s", p.err, p.log)
	}
}

// TestFleet: one of three proxies is killed, and then one after the other is
// drained and started again, while clients in two languages lock. They notice
// what is documented, and the lock nothing.
func TestFleet(t *testing.T) {
	t.Parallel()
	// A busy machine must not look like an overloaded proxy, which says LIMIT.
	s := three(3, "--node-timeout=2s", "--max-ttl="+fleetTTL.String(), "--drain-timeout=300ms").scene(t)
	l := &fleetLoad{scene: s, failures: make(map[string]int)}
	keeping, stopKeeping := context.WithCancel(t.Context())
	defer stopKeeping()
	var keepers []*keeper
	for i := range s.proxies {
		keepers = append(keepers, l.keep(keeping, fmt.Sprint("kept ", i), i))
	}
	l.begin()
	l.goOn("before anything happens")
	l.killOne(keepers)
	for i, p := range s.proxies {
		p.drained(t)
		l.goOn(fmt.Sprintf("while proxy %d is replaced by a new version", i))
		p.restart()
		l.goOn("when it is back")
	}
	l.stop()
	l.all.Wait()
	stopKeeping()
	for _, k := range keepers {
		<-k.ended
		k.client.close()
	}
	l.wantNothingLeft()
	l.wantDocumented()
	for _, w := range history.Plain(s.recorder.Ops()) {
		t.Error(w)
	}
	t.Logf("%d locks; told: %v", l.grants.Load(), l.failures)
}

// killOne: only what its connections kept ends, for one holder by lapsing, as it
// does not come back.
func (l *fleetLoad) killOne(keepers []*keeper) {
	l.Helper()
	dies, other := l.proxies[0], l.actor(l.proxies[1])
	gone := l.actor(dies)
	left := l.want(gone.lock(ask{resource: "left", token: "left", ttl: fleetTTL, keep: true}), history.Yes)
	gone.line.kept = nil // its end by the proxy is no release
	left = l.want(gone.extend(left, fleetTTL), history.Yes)
	dies.kill()
	next := l.insist(other, ask{resource: "left", token: "next", ttl: fleetTTL, wait: []any{"BLOCK", 4000}})
	if lasted := next.Return - left.Call; lasted < left.Validity || lasted > fleetTTL+patience/10 {
		l.Errorf("what nobody came back for was another's after %v, want %v", lasted, fleetTTL)
	}
	l.want(other.unlock(next), history.Yes)
	l.goOn("without one proxy")
	dies.restart()
	eventually(l.T, "its keeper has moved", func() bool { return keepers[0].at.Load() != 0 })
	for i, k := range keepers[1:] {
		if k.at.Load() != int64(i+1) {
			l.Errorf("the connection to proxy %d ended, and proxy 0 was killed", i+1)
		}
	}
}

// wantNothingLeft: after the longest ttl no node has a lock.
func (l *fleetLoad) wantNothingLeft() {
	l.Helper()
	const slack = 2 * time.Second // for a busy machine
	for end := time.Now().Add(fleetTTL + slack); ; time.Sleep(20 * time.Millisecond) {
		var left []string
		for _, n := range l.nodes {
			for _, key := range n.Client().Keys(l.Context(), "*").Val() {
				if !strings.HasPrefix(key, "__redlock:") {
					left = append(left, key)
				}
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			l.Fatalf("left behind: %q", left)
		}
	}
}

// wantDocumented: connections end or are refused, and a proxy says that it
// leaves. Nothing else may be told.
func (l *fleetLoad) wantDocumented() {
	l.Helper()
	documented := []string{"LEAVING ", "EOF", "Connection closed", "reset", "broken pipe", "Broken pipe", "refused"}
	for f := range l.failures {
		known := false
		for _, d := range documented {
			known = known || strings.Contains(f, d)
		}
		if !known {
			l.Errorf("%d times: %s", l.failures[f], f)
		}
	}
	if len(l.failures) == 0 {
		l.Error("no client noticed anything: nothing is shown")
	}
}

package redlock

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

var (
	waitingSeed   = flag.Uint64("waiting.seed", 0, "replay the choices of the storm of waiters; 0 makes new ones")
	waitingBursts = flag.Int("waiting.bursts", 24, "bursts of callers in the rough half of the storm of waiters; the calm one has three times as many")
)

const (
	// galeStuck is how long nobody may be answered. Callers hold for a few ms.
	galeStuck = 6 * time.Second
	// galeMargin is what an answer may be later than its Block.
	galeMargin = 5 * time.Second
)

var errGale = errors.New("ended from elsewhere")

// gale is three quorums on five nodes, each behind wires of its own, and bursts
// of callers that wait, leave, ask again and are sent away.
type gale struct {
	t        *testing.T
	servers  []*redistest.Server
	wires    []*redistest.Wire
	quorums  []*Quorum
	faulty   bool // nodes and wires fail: no quorum is nothing to wonder at
	ttl      time.Duration
	answered atomic.Int64
	closing  atomic.Bool

	callers []*caller // of the burst

	mu     sync.Mutex
	relied map[string]time.Time // when the last reliance on a resource ended
}

func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *waitingSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay the choices with -waiting.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestWaitingStorm is not parallel: it counts goroutines.
func TestWaitingStorm(t *testing.T) {
	before := runtime.NumGoroutine()
	random := seeded(t)
	servers := redistest.Start(t, 5)
	// Nothing fails and nothing is polled for: whoever waits on a free resource
	// waits for ever, or a minute.
	calm := &gale{t: t, servers: servers, ttl: time.Minute}
	calm.run(random, Options{NodeTimeout: patient, RetryDelay: never, RetryJitter: -1})
	rough := &gale{t: t, servers: servers, ttl: 400 * time.Millisecond, faulty: true}
	rough.run(random, Options{NodeTimeout: 100 * time.Millisecond, RetryDelay: 30 * time.Millisecond, RetryJitter: 20 * time.Millisecond})
	for _, s := range servers {
		s.Close()
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// run lets the bursts loose and looks at what they leave.
func (g *gale) run(random *rand.Rand, o Options) {
	g.relied = map[string]time.Time{}
	g.open(o)
	stop := make(chan struct{})
	var weather sync.WaitGroup
	if g.faulty {
		skies := rand.New(rand.NewPCG(random.Uint64(), 1))
		weather.Go(func() { g.weather(skies, stop) })
	}
	bursts := *waitingBursts
	if !g.faulty {
		bursts *= 3 // they are short
	}
	for i := range bursts {
		for _, w := range g.wires {
			w.Delay(time.Duration(random.IntN(3)) * time.Millisecond)
		}
		g.burst(i, random)
	}
	close(stop)
	weather.Wait()
	g.wantNothing()
	g.closing.Store(true)
	g.ttl = 100 * time.Millisecond // what a closed quorum can not release goes by itself
	g.burst(bursts, random)        // in the middle of which they close
}

func (g *gale) open(o Options) {
	for range 3 {
		var reach []string
		for _, s := range g.servers {
			w := redistest.StartWire(g.t, s.Addr())
			g.wires = append(g.wires, w)
			reach = append(reach, w.Addr())
		}
		o.Nodes = at(reach...)
		g.quorums = append(g.quorums, open(g.t, o))
	}
}

// burst starts callers on a few new resources and returns when all of them have
// been answered and have let go again. Nobody comes late, so who is forgotten
// is not woken by the next one.
func (g *gale) burst(number int, random *rand.Rand) {
	var all sync.WaitGroup
	// With few callers each is the only one who could wake another.
	size := []int{2, 3, 5, 24}[random.IntN(4)]
	resources := 1 + random.IntN(1+size/8)
	var callers []*caller
	for range size {
		c := newCaller(g, rand.New(rand.NewPCG(random.Uint64(), 2)))
		c.request.Resource = fmt.Sprintf("%v %d %d", g.faulty, number, random.IntN(resources))
		callers = append(callers, c)
		all.Go(c.run)
	}
	if g.closing.Load() {
		all.Go(func() { <-time.After(5 * time.Millisecond); g.close() })
	}
	g.callers = callers
	g.await(number, &all)
}

func (g *gale) await(number int, all *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for last := g.answered.Load(); ; {
		select {
		case <-done:
			if g.t.Failed() {
				g.t.Fatalf("burst %d", number)
			}
			return
		case <-time.After(galeStuck):
		}
		now := g.answered.Load()
		if now == last {
			g.t.Fatalf("burst %d: nobody has been answered for %v\n%s", number, galeStuck, g.describe())
		}
		last = now
	}
}

// describe shows the lines that somebody waits in, and what the nodes have.
func (g *gale) describe() string {
	var b strings.Builder
	for i, q := range g.quorums {
		for k := range q.queue.shards {
			s := &q.queue.shards[k]
			s.mu.Lock()
			for _, l := range s.lines {
				fmt.Fprintf(&b, "quorum %d, %q: asking %v, missed %v, %d wait, %d behind, %d kept, due in %v, nodes %q\n", i, l.resource,
					l.asking != nil, l.missed, l.places.length, len(l.behind), len(l.places.kept), time.Until(l.due), holders(g.t, g.servers, l.resource))
			}
			s.mu.Unlock()
		}
	}
	for _, c := range g.callers {
		fmt.Fprintf(&b, "caller %q token %q session %d:", c.request.Resource, c.request.Token, c.request.Session)
		for _, y := range c.tries {
			select {
			case <-y.done:
				fmt.Fprintf(&b, " %d{%v %v %v}", slices.Index(g.quorums, y.quorum), y.grant.Token, y.err, y.ctx.Err())
			default:
				fmt.Fprintf(&b, " %d{open %v}", slices.Index(g.quorums, y.quorum), y.ctx.Err())
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// wantNothing checks that waiting leaves nothing behind.
func (g *gale) wantNothing() {
	g.t.Helper()
	for _, q := range g.quorums {
		settled(g.t, q)
		wantNoWaiters(g.t, q)
		eventually(g.t, "nothing is owed", func() bool { return q.owes() == 0 })
		eventually(g.t, "no channel is wanted", func() bool {
			q.ears.mu.Lock()
			defer q.ears.mu.Unlock()
			return len(q.ears.channels) == 0
		})
	}
	wantNoKeys(g.t, g.servers)
	eventually(g.t, "nobody listens", func() bool { return listening(g.servers) == 0 })
}

// close ends the quorums while callers wait, and then the wires.
func (g *gale) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, q := range g.quorums {
		all.Go(func() {
			if err := q.Close(ctx); err != nil {
				g.t.Errorf("Close: %v", err)
			}
		})
	}
	all.Wait()
	each(g.wires, func(w *redistest.Wire) { w.Close() })
}

// weather breaks wires and stops nodes, one at a time.
func (g *gale) weather(random *rand.Rand, stop <-chan struct{}) {
	for {
		s, w := g.servers[random.IntN(len(g.servers))], g.wires[random.IntN(len(g.wires))]
		lasts := time.Duration(random.IntN(150)) * time.Millisecond
		fault := []func(on bool){
			func(on bool) {
				if on {
					s.Pause()
				} else {
					s.Resume()
				}
			},
			func(bool) { w.Cut() },
			w.LoseReplies, w.HoldRequests, w.Refuse,
		}[random.IntN(5)]
		fault(true)
		over := sleepUnless(stop, lasts)
		fault(false)
		if over || sleepUnless(stop, time.Duration(random.IntN(30))*time.Millisecond) {
			return
		}
	}
}

func sleepUnless(stop <-chan struct{}, d time.Duration) bool {
	select {
	case <-stop:
		return true
	case <-time.After(d):
		return false
	}
}

// caller wants one lock, perhaps by two tries with one token.
type caller struct {
	gale    *gale
	random  *rand.Rand
	request Request
	long    bool // it waits until it is granted
	unsafe  bool // somebody else may end its waits
	tries   []*try
	served  context.Context // ends when one try was granted: the others leave
	serve   context.CancelFunc
}

type try struct {
	quorum  *Quorum
	ctx     context.Context
	cancel  context.CancelFunc
	began   time.Time
	left    atomic.Bool // by the caller, for no reason
	answers atomic.Int32
	done    chan struct{}
	grant   Grant
	err     error
}

func newCaller(g *gale, random *rand.Rand) *caller {
	c := &caller{gale: g, random: random, request: Request{TTL: g.ttl}}
	c.served, c.serve = context.WithCancel(context.Background())
	r := &c.request
	switch random.IntN(8) {
	case 0: // it does not wait
	case 1:
		r.Block = time.Duration(1+random.IntN(20)) * time.Millisecond
	case 2:
		r.Retry = 1 + random.IntN(3)
		c.long = !g.faulty
	default:
		r.Block = time.Minute
		if g.faulty {
			r.Block = time.Duration(100+random.IntN(300)) * time.Millisecond
		}
		c.long = !g.faulty
	}
	if random.IntN(2) == 0 {
		r.Token = fmt.Sprintf("%x", random.Uint64())
		r.KeepPlace = random.IntN(2) == 0
	}
	if random.IntN(2) == 0 {
		r.Session = 1 + random.Uint64N(4)
	}
	c.unsafe = random.IntN(6) == 0
	return c
}

func (c *caller) run() {
	c.pause(4 * time.Millisecond)
	c.try()
	if c.request.Token != "" && c.random.IntN(3) == 0 {
		c.pause(3 * time.Millisecond)
		c.try()
	}
	var granted []*try
	for _, y := range c.tries {
		<-y.done
		c.check(y)
		if y.err == nil {
			granted = append(granted, y)
		}
	}
	switch {
	case len(granted) == 0 && len(c.tries) > 1:
		c.unlock(nil, c.tries[0].quorum) // what two tries left, neither may take back
	case len(granted) == 0:
	case len(c.tries) == 1 && granted[0].left.Load():
		granted[0].quorum.Undo(granted[0].grant) // the reply found nobody
	default:
		c.hold(granted)
	}
	c.serve()
}

func (c *caller) pause(most time.Duration) { <-time.After(rand.N(most)) }

// try starts a Lock. Now and then the caller leaves soon after.
func (c *caller) try() {
	g := c.gale
	y := &try{quorum: g.quorums[c.random.IntN(len(g.quorums))], began: time.Now(), done: make(chan struct{})}
	y.ctx, y.cancel = context.WithCancel(c.served)
	c.tries = append(c.tries, y)
	attempt := y.quorum.StartLock(y.ctx, c.request, func(grant Grant, err error) {
		if y.answers.Add(1) > 1 {
			g.t.Errorf("%q: answered again, with %v", c.request.Resource, err)
			return
		}
		g.answered.Add(1)
		y.grant, y.err = grant, err
		close(y.done)
		if err == nil {
			c.serve()
		}
	})
	context.AfterFunc(y.ctx, func() { attempt.End(y.ctx.Err()) })
	if c.unsafe {
		why := []error{errGale, nil}[c.random.IntN(2)]
		time.AfterFunc(time.Duration(c.random.IntN(10_000))*time.Microsecond, func() { attempt.End(why) })
	}
	if c.random.IntN(4) == 0 {
		time.AfterFunc(time.Duration(c.random.IntN(6000))*time.Microsecond, func() { y.left.Store(true); y.cancel() })
	}
}

// check judges an answer.
func (c *caller) check(y *try) {
	g, err := c.gale, y.err
	took := time.Since(y.began)
	if c.request.Block > 0 && took > c.request.Block+galeMargin {
		g.t.Errorf("%q: answered after %v, with a Block of %v", c.request.Resource, took, c.request.Block)
	}
	ok := false
	switch {
	case err == nil:
		ok = y.grant.Token != "" && (c.request.Token == "" || y.grant.Token == c.request.Token)
	case errors.Is(err, context.Canceled):
		ok = y.ctx.Err() != nil
	case errors.Is(err, errGale):
		ok = c.unsafe
	case errors.Is(err, ErrHeld):
		ok = !c.long || c.unsafe || len(c.tries) > 1
	case errors.Is(err, ErrClosed):
		ok = g.closing.Load()
	case errors.Is(err, ErrNoQuorum), errors.Is(err, ErrTooLate), errors.Is(err, ErrOverloaded):
		ok = g.faulty
	}
	if !ok {
		g.t.Errorf("%q: %d tries, Block %v, Retry %d, session %d, left: %v; answered %v, %v", c.request.Resource, len(c.tries),
			c.request.Block, c.request.Retry, c.request.Session, y.ctx.Err(), y.grant, err)
	}
}

// hold relies on the lock for a moment and lets go.
func (c *caller) hold(granted []*try) {
	from := time.Now()
	c.pause(2 * time.Millisecond)
	to := time.Now()
	last := slices.MaxFunc(granted, func(a, b *try) int { return a.grant.Until.Compare(b.grant.Until) })
	if until := last.grant.Until; until.Before(to) {
		to = until
	}
	c.gale.relies(c.request.Resource, from, to)
	q := granted[0].quorum
	if c.random.IntN(3) == 0 {
		q = c.gale.quorums[c.random.IntN(len(c.gale.quorums))]
	}
	c.unlock(&last.grant, q)
}

// relies notes a time in which a caller relied on its lock. They are noted as
// they end, so of two that overlap the later one begins before the other's end.
func (g *gale) relies(resource string, from, to time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if from.Before(g.relied[resource]) && from.Before(to) {
		g.t.Errorf("%q: two held it at one time", resource)
	}
	if to.After(g.relied[resource]) {
		g.relied[resource] = to
	}
}

// unlock lets go through q. It must not overtake what other quorums have still
// on its way to a node, or that node keeps the key for its ttl.
func (c *caller) unlock(g *Grant, q *Quorum) {
	r := Request{Resource: c.request.Resource, Token: c.request.Token, Session: c.request.Session}
	if g != nil {
		r.Token = g.Token
	}
	if !c.gale.faulty {
		for _, y := range c.tries {
			if y.quorum != q {
				passed(y.quorum, r.Resource)
			}
		}
	}
	err := q.Unlock(context.Background(), r)
	if err != nil && !c.gale.faulty && !c.gale.closing.Load() && (g != nil || !errors.Is(err, ErrNotHeld)) {
		c.gale.t.Errorf("%q: Unlock: %v", r.Resource, err)
	}
}

// barrier is over when every node has answered it, and with it all that was
// asked before.
type barrier struct {
	quorum *Quorum
	over   chan struct{}
}

func (barrier) decide(b *ballot) bool { return b.tally.pending() == 0 }
func (barrier) settle()               {}
func (b barrier) complete()           { b.quorum.end(); close(b.over) }

func passed(q *Quorum, resource string) {
	if !q.begin() {
		return
	}
	b := barrier{q, make(chan struct{})}
	r := &request{op: inspect, key: q.key(resource), made: time.Now()}
	r.command, r.ballot = r.inspectCommand(), newBallot(b, len(q.nodes), q.needed)
	var f fanOut
	f.send(q, r)
	f.finish()
	<-b.over
}

// TestWaitersStandWhereTheyShould compares the order in which waiters are
// served with a list that is kept beside: who leaves, is sent away, asks again
// or comes back to its place.
func TestWaitersStandWhereTheyShould(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	servers := redistest.Start(t, 3)
	q := open(t, Options{Nodes: at(addresses(servers)...), NodeTimeout: patient, RetryDelay: never, RetryJitter: -1})
	for turn := range 30 {
		o := &ordered{t: t, quorum: q, random: random, resource: fmt.Sprint("turn ", turn)}
		held := mustLock(t, q, lockFor(o.resource, time.Minute))
		for range 12 {
			o.step()
		}
		for i, w := range o.line {
			mustUnlock(t, q, held)
			var err error
			if held, err = w.wait(t); err != nil {
				t.Fatalf("turn %d: waiter %d of %d: %v", turn, i, len(o.line), err)
			}
			for _, other := range o.line[i+1:] {
				if other.over() {
					t.Fatalf("turn %d: one behind waiter %d of %d was served: %v", turn, i, len(o.line), other.err)
				}
			}
		}
		mustUnlock(t, q, held)
	}
	settled(t, q)
	wantNoKeys(t, servers)
	wantNoWaiters(t, q)
}

type ordered struct {
	t        *testing.T
	quorum   *Quorum
	random   *rand.Rand
	resource string
	came     int
	line     []*standing
}

type standing struct {
	*waiter
	request Request
}

// end sends a waiter away.
func (w *standing) end(q *Quorum, why error) {
	var mine Attempt
	q.queue.visit(w.request.Resource, func(l *line, _ *fanOut) {
		for a := l.places.first; a != nil; a = a.place.behind {
			if a.ctx == w.ctx {
				mine = Attempt{a}
			}
		}
	})
	mine.End(why)
}

func (o *ordered) step() {
	if len(o.line) == 0 || o.random.IntN(3) > 0 {
		o.came++
		r := waitFor(o.resource, time.Hour)
		if o.random.IntN(2) == 0 {
			r.Token = fmt.Sprint("token ", o.came)
		}
		o.line = append(o.line, &standing{startWaiting(o.t, o.quorum, r), r})
		return
	}
	i := o.random.IntN(len(o.line))
	w := o.line[i]
	switch {
	case o.random.IntN(3) == 0 && w.request.Token != "":
		o.line[i] = &standing{startLock(o.t, o.quorum, w.request), w.request}
		o.ended(w, ErrHeld)
	case o.random.IntN(2) == 0:
		w.end(o.quorum, errGale)
		o.ended(w, errGale)
		o.line = slices.Delete(o.line, i, i+1)
	default:
		o.hangUp(i)
	}
}

// hangUp lets a waiter leave; with a token it may come back.
func (o *ordered) hangUp(i int) {
	w := o.line[i]
	left := time.Now()
	w.cancel()
	o.ended(w, context.Canceled)
	if w.request.Token == "" || o.random.IntN(2) == 0 {
		o.line = slices.Delete(o.line, i, i+1)
		return
	}
	back := &standing{startWaiting(o.t, o.quorum, w.request), w.request}
	if time.Since(left) < keepPlace {
		o.line[i] = back
	} else { // a machine that slow has lost the place
		o.line = append(slices.Delete(o.line, i, i+1), back)
	}
}

func (o *ordered) ended(w *standing, want error) {
	o.t.Helper()
	_, err := w.wait(o.t)
	wantErr(o.t, "a wait that was ended", err, want)
}

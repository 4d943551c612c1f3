package redlock

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// simWire is one connection of a proxy to a node over a network that the
// schedule's seed makes slow, lossy or cut in either direction.
type simWire struct {
	world       *simWorld
	proxy       *simProxy
	node        *simNode
	out         *rand.Rand // choices of this connection alone, made by who uses it
	in          *rand.Rand // and of who collects
	back        *rand.Rand // and those of the node's end of it, under the world's lock
	conn        *simConn   // nil: not made yet
	dialed      bool
	wrote       bool
	flight      *simMessage   // the last that was sent
	posted      []*simMessage // and not collected; under the world's lock
	lastArrives time.Time
	timer       *time.Timer
}

// simMessage is one pipeline on its way, and back.
type simMessage struct {
	wire     *simWire
	conn     *simConn
	commands [][]string // what is not executed yet
	answers  []any
	lost     bool       // the client's socket is gone, and with it what it had not sent
	arrives  time.Time  // zero: it never does
	late     bool       // the second part of a pipeline that came in two
	posted   bool       // it arrives by itself
	here     bool       // it has arrived, perhaps before others of its connection
	replies  int        // how many of them arrive before the connection breaks; -1: all
	done     chan error // one, when the reply or the end of the connection is heard of
}

var (
	errSimReset   = errors.New("connection reset by peer")
	errSimRefused = errors.New("connection refused")
)

// dial implements seams. Which lane it is for makes the choices of the
// connection independent of which lane comes first.
func (p *simProxy) dial(l *nodeLink) wire {
	w, d := p.world, l.node
	who := slices.IndexFunc(d.lanes, func(one *lane) bool { return one.link == l })
	w.mu.Lock()
	defer w.mu.Unlock()
	p.dials[[2]int{d.index, who}]++
	return &simWire{
		world: w, proxy: p, node: w.nodes[d.index],
		out:  w.newRandom(uint64(p.index), uint64(d.index), uint64(who), uint64(p.dials[[2]int{d.index, who}]), 0),
		back: w.newRandom(uint64(p.index), uint64(d.index), uint64(who), uint64(p.dials[[2]int{d.index, who}]), 1),
		in:   w.newRandom(uint64(p.index), uint64(d.index), uint64(who), uint64(p.dials[[2]int{d.index, who}]), 2),
	}
}

func (w *simWire) sent() bool { return w.wrote }

// ended is found out by post.
func (w *simWire) ended() bool { return false }

// close ends the connection. What is on its way may arrive all the same.
func (w *simWire) close() {
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	if w.conn == nil {
		return
	}
	under := slices.DeleteFunc(slices.Clone(w.conn.order), func(m *simMessage) bool { return m.here })
	for _, m := range under[w.out.IntN(len(under)+1):] {
		m.lost = true
	}
}

// exchange implements wire.
func (w *simWire) exchange(ctx context.Context, commands []*redis.Cmd, calls []call) error {
	// What the product's contexts do not tell by themselves, see deadline.
	at, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(ctx, at)
	defer cancel()
	w.wrote = false
	w.proxy.thawed()
	// No two connections do anything at the very same moment: synctest lets such
	// go on in any order, and a schedule could not be replayed.
	defer func() { time.Sleep(time.Duration(1 + w.out.IntN(5000))) }()
	err := w.connect(ctx)
	var m *simMessage
	if err == nil {
		m = w.send(simPipeline(commands, calls))
		err = w.await(ctx, m)
	}
	w.answer(m, err, commands, calls)
	return err
}

// answer puts what has come back where it belongs.
func (w *simWire) answer(m *simMessage, err error, commands []*redis.Cmd, calls []call) {
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	for i := range len(commands) + len(calls) {
		c := &redis.Cmd{}
		if i < len(commands) {
			c = commands[i]
		}
		if m != nil && i < len(m.answers) && (err == nil || err == errSimReset && i < m.replies) {
			simReply(c, m.answers[i])
		} else {
			c.SetErr(err)
		}
		if i >= len(commands) {
			own := &calls[i-len(commands)]
			own.value, own.err = c.Result()
		}
	}
}

// post implements wire. What is posted goes its way by itself: nobody waits for it
// yet.
func (w *simWire) post(ctx context.Context, calls []call) error {
	w.wrote = false
	w.proxy.thawed()
	if err := w.connect(ctx); err != nil {
		return err
	}
	m := w.send(simPipeline(nil, calls))
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	if !m.arrives.IsZero() {
		m.posted = true
		if m.arrives.Before(w.lastArrives) { // what left later comes later
			m.arrives = w.lastArrives.Add(time.Duration(1 + w.out.IntN(5000)))
		}
		w.lastArrives = m.arrives
		time.AfterFunc(time.Until(m.arrives), func() { w.world.arrive(m) })
	}
	w.posted = append(w.posted, m)
	return nil
}

// collect implements wire.
func (w *simWire) collect(ctx context.Context, calls []call) error {
	at, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(ctx, at)
	defer cancel()
	w.world.mu.Lock()
	m := w.posted[0]
	w.posted = w.posted[1:]
	w.world.mu.Unlock()
	err := w.await(ctx, m)
	w.answer(m, err, nil, calls)
	w.proxy.thawed()
	time.Sleep(time.Duration(1 + w.in.IntN(5000))) // see exchange
	return err
}

// uncollected are the messages whose answers have not been taken; under the
// world's lock.
func (w *simWire) uncollected() []*simMessage {
	if w.flight == nil || slices.Contains(w.posted, w.flight) {
		return w.posted
	}
	return append(slices.Clone(w.posted), w.flight)
}

// connect makes the connection at its first use. What it was found to be
// closed before it was used again, is told as redisWire does.
func (w *simWire) connect(ctx context.Context) error {
	if w.proxy.isDead() {
		return errSimReset
	}
	if w.dialed {
		w.world.mu.Lock()
		defer w.world.mu.Unlock()
		ended := w.conn == nil || w.conn.dead && !w.proxy.cutFrom[w.node.index] && w.out.IntN(8) > 0
		if ended {
			return errWireEnded
		}
		return nil
	}
	w.dialed = true
	if err := w.sleep(ctx, 2*w.world.latency(w.out)); err != nil {
		return err
	}
	w.world.mu.Lock()
	n := w.node
	cut := w.proxy.cutTo[n.index] || w.proxy.cutFrom[n.index]
	switch {
	case cut:
	case n.up:
		w.conn = n.accept(w)
		w.world.logf("%s has connection %d to %s", w.proxy.name, w.conn.id, n.name())
	}
	w.world.mu.Unlock()
	switch {
	case cut:
		return w.sleep(ctx, time.Hour)
	case w.conn == nil:
		return errSimRefused
	}
	return nil
}

func (w *simWire) send(commands [][]string) *simMessage {
	m := &simMessage{wire: w, conn: w.conn, commands: commands, replies: -1, done: make(chan error, 1)}
	w.wrote = true
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	w.world.exchanges++
	w.flight = m
	w.world.logf("%s to %s: %s", w.proxy.name, w.node.name(), simBrief(m.commands))
	delay := w.world.latency(w.out)
	if w.world.chance(w.out, w.world.profile.reset) {
		m.replies = w.out.IntN(len(commands))
		if w.out.IntN(2) == 0 { // before it has arrived
			m.lost = true
			time.AfterFunc(delay, func() { m.tell(errSimReset) })
			return m
		}
	}
	m.arrives = time.Now().Add(delay)
	w.conn.order = append(w.conn.order, m)
	return m
}

// await waits for the reply. When the proxy had been stopped, it may find both
// the reply and that it is too late for it.
func (w *simWire) await(ctx context.Context, m *simMessage) error {
	var err error
	if !m.arrives.IsZero() && !m.posted { // here, as new goroutines for it would be dear
		if err = w.sleep(ctx, time.Until(m.arrives)); err == nil {
			w.world.arrive(m)
		} else {
			time.AfterFunc(time.Until(m.arrives), func() { w.world.arrive(m) })
		}
	}
	select {
	case err = <-m.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-w.proxy.died:
		err = errSimReset
	}
	if w.proxy.thawed() && ctx.Err() != nil && w.out.IntN(2) == 0 {
		select {
		case err = <-m.done:
		default:
		}
	}
	return err
}

// tell lets the client hear the end of its exchange.
func (m *simMessage) tell(err error) {
	select {
	case m.done <- err:
	default:
	}
}

// arrive brings a message to its node.
func (w *simWorld) arrive(m *simMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := m.conn.node
	switch {
	case m.lost: // as is all behind it
	case m.wire.proxy.cutTo[n.index]:
		w.held = append(w.held, heldMessage{m, false})
	case m.conn.dead:
		m.answers = nil
		w.reply(m, errSimReset)
	case n.paused:
		n.inbox = append(n.inbox, m)
	default:
		m.here = true
		w.advance(m.conn)
	}
}

// advance lets the node execute what has arrived over a connection, in the order
// in which it left.
func (w *simWorld) advance(c *simConn) {
	for len(c.order) > 0 && c.order[0].here {
		m := c.order[0]
		if w.process(m); len(m.commands) > 0 {
			m.here = false // its rest is still to come
			return
		}
		c.order = c.order[1:]
	}
}

// process lets the node execute a pipeline, or at first only the beginning of
// it when it comes in two parts.
func (w *simWorld) process(m *simMessage) {
	n, now := m.conn.node, time.Now()
	count := len(m.commands)
	if count > 1 && !m.late && w.chance(m.wire.back, w.profile.split) {
		count = 1 + m.wire.back.IntN(count-1)
	}
	for _, args := range m.commands[:count] {
		answer := n.execute(m.conn, args, now)
		w.logf("%s executes %s of %s: %s", n.name(), simBrief{args}, m.wire.proxy.name, simBriefAnswer{answer})
		m.answers = append(m.answers, answer)
	}
	m.commands = m.commands[count:]
	if len(m.commands) > 0 {
		m.late = true
		time.AfterFunc(w.latency(m.wire.back), func() { w.arrive(m) })
		return
	}
	var err error
	if m.replies >= 0 {
		err = errSimReset
	}
	w.reply(m, err)
}

// reply brings the answers back.
func (w *simWorld) reply(m *simMessage, err error) {
	if m.wire.proxy.cutFrom[m.conn.node.index] {
		w.held = append(w.held, heldMessage{m, true})
		return
	}
	time.AfterFunc(w.latency(m.wire.back), func() { m.tell(err) })
}

// heldMessage waits for a cut to heal: TCP sends again.
type heldMessage struct {
	message *simMessage
	reply   bool
}

// release sends on what healed cuts have held.
func (w *simWorld) release() {
	held := w.held
	w.held = nil
	for _, h := range held {
		m, err := h.message, error(nil)
		if m.replies >= 0 || m.conn.dead {
			err = errSimReset
		}
		time.AfterFunc(w.latency(m.wire.back), func() {
			if !h.reply {
				w.arrive(m)
				return
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reply(m, err)
		})
	}
}

// sleep is the network's delay.
func (w *simWire) sleep(ctx context.Context, d time.Duration) error {
	if w.timer == nil {
		w.timer = time.NewTimer(d)
	} else {
		w.timer.Reset(d)
	}
	select {
	case <-w.timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.proxy.died:
		return errSimReset
	}
}

// latency is one way's.
func (w *simWorld) latency(random *rand.Rand) time.Duration {
	p := w.profile
	d := p.trip/4 + time.Duration(random.Int64N(int64(p.trip)))
	if w.chance(random, p.slow) {
		d += time.Duration(random.Int64N(int64(p.slowest)))
	}
	return d
}

// chance is for what no longer happens when all has been repaired.
func (w *simWorld) chance(random *rand.Rand, p float64) bool {
	return p > 0 && !w.calm.Load() && random.Float64() < p
}

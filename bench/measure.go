package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/stage"
	"redlock-proxy/bench/usage"
)

// measurement is one peer's turn.
type measurement struct {
	setting string // what the stage was like, for the tables
	peer    string
	callers int
	callers.Result
	nodes, proxy, client usage.Usage // CPU within the measured time, memory at its end
}

func (m measurement) rate() float64 {
	return float64(m.Pair.Count()) / m.Took.Seconds()
}

// each is what a pair costs of a CPU time: seconds for 100 000 pairs, or 0 when
// there was none.
func (m measurement) each(d time.Duration) float64 {
	if m.Pair.Count() == 0 {
		return 0
	}
	return d.Seconds() * 100_000 / float64(m.Pair.Count())
}

// cpu is what 100 000 pairs cost in all processes.
func (m measurement) cpu() float64 { return m.each(m.nodes.CPU + m.proxy.CPU + m.client.CPU) }

// turn is what is asked of a peer.
type turn struct {
	setting string
	peer    string
	callers int
	// prepare, when set, is called when all connections are open, and undo after
	// the measured time, perhaps twice.
	prepare, undo func()
}

// bench lets peers have turns on a stage.
type bench struct {
	stage  *stage.Stage
	plan   plan
	turns  int    // so far, for names of their own
	ownSet bool   // each turn has resources of its own
	until  string // what the progress says of the whole
}

// measure lets a peer have its turn.
func (b *bench) measure(ctx context.Context, t turn) (measurement, error) {
	m := measurement{setting: t.setting, peer: t.peer, callers: t.callers}
	b.turns++
	// The peers share the names on purpose: a lock that one of them leaves behind
	// shows as an error of the next. With a node at fault it must not.
	o := callers.Order{Peer: t.peer, Nodes: b.stage.Addresses(), Proxy: b.stage.Proxies[0].Address,
		Prefix: "bench", Callers: t.callers, WarmUp: b.plan.warmUp, Time: b.plan.time}
	if b.ownSet {
		o.Prefix = fmt.Sprintf("bench-%d", b.turns)
	}
	p, err := callers.Start(ctx, o)
	if err != nil {
		return m, err
	}
	if err := b.stage.Proxies[0].Await(ctx, callers.Connections(t.peer, t.callers)); err != nil {
		return m, errors.Join(err, p.Close())
	}
	if t.prepare != nil {
		t.prepare()
		defer t.undo()
	}
	var before, after [3]usage.Usage
	m.Result, err = p.Turn(func() error { return b.use(&before, p.Pid()) }, func() error {
		err := b.use(&after, p.Pid())
		if t.undo != nil {
			t.undo() // or who waits for the node goes on waiting
		}
		return err
	})
	for i, u := range []*usage.Usage{&m.nodes, &m.proxy, &m.client} {
		*u = usage.Usage{CPU: after[i].CPU - before[i].CPU, Memory: after[i].Memory}
	}
	if err != nil {
		return m, err
	}
	b.tell(m)
	return m, nil
}

// use reads what nodes, proxy and client have used so far.
func (b *bench) use(to *[3]usage.Usage, client int) (err error) {
	for i, pids := range [][]int{b.stage.NodePids(), b.stage.ProxyPids(), {client}} {
		if to[i], err = usage.Of(pids...); err != nil {
			return fmt.Errorf("read what a process has used: %w", err)
		}
	}
	return nil
}

func (b *bench) tell(m measurement) {
	stage.Progress("%s %-18s %4d callers  %-30s %7.0f pairs/s  p50 %9v  p99 %9v  %6.2f CPU s/100k  %d errors",
		b.until, m.setting, m.callers, m.peer, m.rate(), m.Pair.Percentile(50), m.Pair.Percentile(99), m.cpu(), m.Errors)
}

package redlock

import (
	"context"
	"errors"
	"time"
)

// tell notes what a look came to, and logs it when it is news. The caller holds
// the lock.
func (g *guard) tell(m *member, st ruling) {
	if st.swap != nil {
		return // another look follows
	}
	news := errors.Join(st.refused, st.waits)
	before := m.state
	m.refused, m.waits = st.refused, st.waits
	m.state = stateOf(st)
	if m.state == before {
		return
	}
	switch m.state {
	case StateAdmitted:
		if before != "" {
			m.node.logger.Info("node votes")
		}
	case StateQuarantined:
		m.node.logger.Warn("node casts no votes for now, and still extends and releases; the locks it may have forgotten must lapse first: restart no other node until then, it votes again by itself", "err", news)
	case StateRefused:
		m.node.logger.Error("node can not be used", "err", news)
	default:
		m.node.logger.Info("node does not vote yet", "err", news)
	}
}

// The states of a node, as Nodes tells them.
const (
	StateAdmitted    = "admitted"
	StateQuarantined = "quarantined" // it may have forgotten locks
	StateWaiting     = "waiting"     // it waits for others, or for somebody to do something
	StateRefused     = "refused"     // it must not be used
)

func stateOf(st ruling) string {
	var quarantine *quarantineError
	switch {
	case st.refused != nil:
		return StateRefused
	case errors.As(st.waits, &quarantine):
		return StateQuarantined
	case st.waits != nil:
		return StateWaiting
	}
	return StateAdmitted
}

// unguarded warns, once, that a node's restarts go unnoticed.
func (d *node) unguarded(err error) {
	if d.warned.guard.CompareAndSwap(false, true) {
		d.logger.Warn("may not use INFO, or read and write "+memberKey+": that this node restarted and forgot locks will not be noticed", "err", cause(err))
	}
}

// warnOfEviction warns, once, of a node that may throw locks away.
func (d *node) warnOfEviction(policy string) {
	if policy != "" && policy != "noeviction" && d.warned.eviction.CompareAndSwap(false, true) {
		d.logger.Warn("the node may evict keys, and with them locks: set maxmemory-policy noeviction", "maxmemory-policy", policy)
	}
}

// Ready waits until it is known of every node whether it votes, or that it does
// not answer: from then on a missing quorum is no matter of having just started.
// The error is ctx's. A first start takes a moment, see FirstStartAuto.
func (q *Quorum) Ready(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !q.guard.ready() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// fluxMost is longer than any first start takes. What is not settled then waits
// for somebody to do something.
const fluxMost = 5 * time.Second

// ready: of no node something will be known in a moment.
func (g *guard) ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.members {
		m := &g.members[i]
		switch {
		case !m.tried:
			return false
		case m.state == "" && m.node.isDown() == nil && !m.gone:
			return false
		case inFlux(m.waits) && time.Since(g.began) < fluxMost:
			return false
		}
	}
	return true
}

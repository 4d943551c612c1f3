package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// measurement is what came out of one turn.
type measurement struct {
	peer       peer
	contenders int
	locks      int     // granted in the measured time
	rate       float64 // of them, a second
	waits      []time.Duration
	longestIs  string  // "> " when the longest wait was cut off
	most       float64 // what the luckiest contender got, in equal shares
	least      float64
	throughA   float64       // the share of the first proxy
	held       time.Duration // as the holders measured it, on average
	overtook   int           // grants before that of somebody who asked earlier
	cutOff     int
	record     record
	trip       trips              // of the proxy only
	calls      map[string]float64 // on each node, for one lock
}

// measureAll lets the peers take turns: A B C, A B C, ... for each number of
// contenders.
func measureAll(ctx context.Context, s *stage.Stage, p plan) ([]measurement, error) {
	var all []measurement
	for _, contenders := range p.contenders {
		for round := range p.rounds {
			for _, peer := range p.peers {
				t := turn{
					stage: s, resource: fmt.Sprintf("bench:hot:%d", len(all)),
					contenders: contenders, hold: p.hold, pause: p.pause, warmUp: p.warmUp, time: p.time,
				}
				m, err := t.measure(ctx, peer)
				if err != nil {
					return nil, fmt.Errorf("%s, %d contenders: %w", peer.name, contenders, err)
				}
				stage.Progress("%d contenders, round %d of %d: %-28s %8.1f locks/s  p50 %v  p99 %v  %d failures",
					contenders, round+1, p.rounds, peer.name, m.rate, m.percentile(50), m.percentile(99), m.record.failures)
				all = append(all, m)
			}
		}
	}
	return all, nil
}

func (t turn) measure(ctx context.Context, p peer) (measurement, error) {
	var trip trips
	var err error
	if p.proxy {
		if trip, err = alone(ctx, t, p.open); err != nil {
			return measurement{}, err
		}
	}
	nodes := t.stage.Nodes[:p.nodes]
	before, err := callsOn(ctx, nodes)
	if err != nil {
		return measurement{}, err
	}
	r, err := p.play(ctx, t)
	if err != nil {
		return measurement{}, err
	}
	after, err := callsOn(ctx, nodes)
	if err != nil {
		return measurement{}, err
	}
	if err := exclusive(r.waits); err != nil {
		return measurement{}, err
	}
	m := t.sum(p, r)
	m.trip, m.calls = trip, perLock(before, after, len(r.waits), len(nodes))
	return m, nil
}

// sum counts the locks that were granted in the measured time, and the waits
// that began in it. One that began before and ended after it is counted by its
// length, too: he who is never served must not go unseen.
func (t turn) sum(p peer, r record) measurement {
	m := measurement{peer: p, contenders: t.contenders, record: r}
	shares := make([]int, t.contenders)
	var longest wait
	for _, w := range r.waits {
		through := w.asked < t.warmUp && w.granted >= t.end()
		if t.measures(w.asked) || through {
			m.waits = append(m.waits, w.took())
			if w.took() > longest.took() {
				longest = w
			}
			if w.cutOff {
				m.cutOff++
			}
		}
		if t.measures(w.granted) && !w.cutOff {
			m.locks++
			shares[w.contender]++
			m.held += w.released - w.granted
		}
	}
	slices.Sort(m.waits)
	if longest.cutOff {
		m.longestIs = "> "
	}
	m.rate = float64(m.locks) / t.time.Seconds()
	m.held /= time.Duration(max(m.locks, 1))
	m.overtook = t.overtakings(r.waits)
	equal := float64(max(m.locks, 1)) / float64(t.contenders)
	m.most, m.least = float64(slices.Max(shares))/equal, float64(slices.Min(shares))/equal
	for i, share := range shares {
		if i%len(t.stage.Proxies) == 0 {
			m.throughA += float64(share) / float64(max(m.locks, 1))
		}
	}
	return m
}

func (m measurement) percentile(percent int) time.Duration {
	return figures.Percentile(m.waits, percent)
}

// possible is the rate when each lock costs its holding and one round trip, for
// the release and the next grant together.
func (m measurement) possible(roundTrip time.Duration) float64 {
	return 1 / (m.held + roundTrip).Seconds()
}

// ofPossible is the goal's figure: against a machine that is warm.
func (m measurement) ofPossible() float64 { return m.rate / m.possible(m.trip.hot) }

// ofRested is the same against what the machine does after a rest.
func (m measurement) ofRested() float64 { return m.rate / m.possible(m.trip.rested) }

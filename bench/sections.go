package main

import (
	"context"
	"fmt"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/stage"
)

// section is a part of the whole that can be asked for by its name.
type section struct {
	name    string
	title   string
	base    func(row) rowKey // what the ratios of a row are to
	baseIs  string           // how the table calls it
	measure func(context.Context, plan) ([]measurement, string, error)
}

func sections() []section {
	toRedsync := func(r row) rowKey { return rowKey{r.setting, callers.Redsync, r.callers} }
	toSelf := func(setting string) func(row) rowKey {
		return func(r row) rowKey { return rowKey{setting, r.peer, r.callers} }
	}
	return []section{
		{"load", "Pairs of a lock and its release", toRedsync, "redsync", measureLoad},
		{"faults", "A node that stands still, and a dead one", toSelf(healthy), healthy, measureFaults},
		{"nodes", "So many nodes", toSelf(nodesAre(5)), "5 nodes", measureNodes},
		{"far", "Nodes that are far away", toRedsync, "redsync", measureFar},
	}
}

// ceilingSection is the one that has no callers.
const ceilingSection = "ceiling"

// measureLoad is all peers with all numbers of callers.
func measureLoad(ctx context.Context, p plan) ([]measurement, string, error) {
	var turns []turn
	for _, count := range p.callers {
		turns = append(turns, each("", count, callers.Peers()...)...)
	}
	return rounds(ctx, p, variant{turns: always(turns...)})
}

// compared are the peers beyond the first section: ours, and of the other
// quorum libraries the two best known.
func compared() []string {
	return []string{callers.ProxyConns, callers.ProxyShared, callers.Library, callers.Redsync, callers.NodeRedlock}
}

func measureFaults(ctx context.Context, p plan) ([]measurement, string, error) {
	return rounds(ctx, p,
		variant{faulty: true, turns: func(s *stage.Stage) []turn {
			turns := each(healthy, p.crowd, compared()...)
			for _, t := range each(onePaused, p.crowd, compared()...) {
				turns = append(turns, pausing(s, t))
			}
			return turns
		}},
		variant{options: stage.Options{Dead: 1}, faulty: true, turns: always(each(oneDead, p.crowd, compared()...)...)},
	)
}

func nodesAre(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

func measureNodes(ctx context.Context, p plan) ([]measurement, string, error) {
	var variants []variant
	for _, n := range []int{1, 3, 5, 7} {
		variants = append(variants, variant{options: stage.Options{Nodes: n}, turns: always(each(nodesAre(n), p.crowd,
			callers.ProxyConns, callers.ProxyShared, callers.Redsync, callers.NodeRedlock)...)})
	}
	return rounds(ctx, p, variants...)
}

func measureFar(ctx context.Context, p plan) ([]measurement, string, error) {
	var variants []variant
	for _, away := range []time.Duration{time.Millisecond, 5 * time.Millisecond} {
		setting := fmt.Sprintf("round trip %v", away)
		variants = append(variants, variant{options: stage.Options{Away: away},
			turns: always(append(each(setting, 1, compared()...), each(setting, p.crowd, compared()...)...)...)})
	}
	return rounds(ctx, p, variants...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// farAway is how much longer a round trip to a node takes in the goal about
// distance.
const farAway = 5 * time.Millisecond

// crowd is how many callers the goals are about.
const crowd = 200

// What a goal looks at.
func pairRate(m measurement) float64 { return m.rate() }
func cpuEach(m measurement) float64  { return m.cpu() }
func pairP50(m measurement) float64  { return milliseconds(m.Pair.Percentile(50)) }
func pairP99(m measurement) float64  { return milliseconds(m.Pair.Percentile(99)) }
func lockP50(m measurement) float64  { return milliseconds(m.Lock.Percentile(50)) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// goals measures all ratios that are to be kept, and prints them. Each is of
// one run, its sides in alternating rounds.
func goals(ctx context.Context, p plan, to io.Writer) error {
	started := time.Now()
	var all []goal
	var version string
	var failed error // of which the table must not hide the rest
	for _, measure := range []func(context.Context, plan) ([]goal, string, error){
		goalsCrowd, goalsAlone, goalsCeiling, goalsPaused, goalsFar,
	} {
		some, v, err := measure(ctx, p)
		if len(some) == 0 {
			return errors.Join(failed, err)
		}
		all, version, failed = append(all, some...), v, errors.Join(failed, err)
	}
	t := goalTable(all)
	if err := t.WriteText(to); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "\n%s; %d rounds of %v after %v of warm-up. Each ratio is of the two sides of one round; median, min and max are of the rounds.\n\n%s",
		figures.Setting("go run .", p.args, started, version), p.rounds, p.time, p.warmUp, t.Markdown())
	return errors.Join(failed, err)
}

// goalsCrowd compares what 200 callers get, and at what cost.
func goalsCrowd(ctx context.Context, p plan) ([]goal, string, error) {
	of := func(peer string, figure func(measurement) float64) side { return side{"", peer, crowd, figure} }
	var turns []turn
	for _, peer := range []string{callers.ProxyConns, callers.ProxyShared, callers.Redsync, callers.NodeRedlock} {
		turns = append(turns, turn{peer: peer, callers: crowd})
	}
	all, version, err := rounds(ctx, p, stage.Options{}, false, always(turns...))
	if err != nil {
		return nil, version, err
	}
	const rate, cost = "%.0f/s", "%.1f s"
	return []goal{
		goal{words: "200 connections, pairs/s, to redsync", atLeast: true, bound: 5.5}.divide(all,
			of(callers.ProxyConns, pairRate), of(callers.Redsync, pairRate), rate),
		goal{words: "200 connections, pairs/s, to node-redlock with 200 callers", atLeast: true, bound: 3.5}.divide(all,
			of(callers.ProxyConns, pairRate), of(callers.NodeRedlock, pairRate), rate),
		goal{words: "one shared connection with 200 callers, pairs/s, to 200 connections", atLeast: true, bound: 1.5}.divide(all,
			of(callers.ProxyShared, pairRate), of(callers.ProxyConns, pairRate), rate),
		goal{words: "200 connections, CPU of all processes for 100 000 pairs, to redsync", bound: 0.18}.divide(all,
			of(callers.ProxyConns, cpuEach), of(callers.Redsync, cpuEach), cost),
		goal{words: "one shared connection, CPU of all processes for 100 000 pairs, to redsync", bound: 0.11}.divide(all,
			of(callers.ProxyShared, cpuEach), of(callers.Redsync, cpuEach), cost),
	}, version, failure(all, false)
}

// goalsAlone compares what one caller waits.
func goalsAlone(ctx context.Context, p plan) ([]goal, string, error) {
	all, version, err := rounds(ctx, p, stage.Options{}, false, always(
		turn{peer: callers.ProxyConns, callers: 1}, turn{peer: callers.Redsync, callers: 1}))
	if err != nil {
		return nil, version, err
	}
	return []goal{
		goal{words: "1 caller, p50 of a pair, to redsync", bound: 0.85}.divide(all,
			side{"", callers.ProxyConns, 1, pairP50}, side{"", callers.Redsync, 1, pairP50}, "%.2f ms"),
	}, version, failure(all, false)
}

// goalsPaused compares the slowest with a node that stands still with those of a
// healthy one.
func goalsPaused(ctx context.Context, p plan) ([]goal, string, error) {
	all, version, err := rounds(ctx, p, stage.Options{}, true, func(s *stage.Stage) []turn {
		return []turn{
			{setting: healthy, peer: callers.ProxyConns, callers: crowd},
			pausing(s, turn{peer: callers.ProxyConns, callers: crowd}),
		}
	})
	if err != nil {
		return nil, version, err
	}
	return []goal{
		goal{words: "one node paused, 200 connections, p99 of a pair, to healthy", bound: 1.3}.divide(all,
			side{onePaused, callers.ProxyConns, crowd, pairP99}, side{healthy, callers.ProxyConns, crowd, pairP99}, "%.2f ms"),
	}, version, failure(all, false)
}

// goalsFar compares a LOCK with the round trip that it needs at least.
func goalsFar(ctx context.Context, p plan) ([]goal, string, error) {
	peers := []string{callers.ProxyConns, callers.ProxyShared}
	var turns []turn
	for _, peer := range peers {
		turns = append(turns, turn{peer: peer, callers: crowd})
	}
	all, version, err := rounds(ctx, p, stage.Options{Away: farAway}, false, always(turns...))
	if err != nil {
		return nil, version, err
	}
	var goals []goal
	for _, peer := range peers {
		locks := side{"", peer, crowd, lockP50}.values(all)
		trips := make([]float64, len(locks))
		for i := range trips {
			trips[i] = milliseconds(farAway)
		}
		goals = append(goals, goal{words: "nodes 5 ms away (round trip), 200 callers, " + peer + ": p50 of a LOCK, to the round trip", bound: 1.2}.
			over(locks, trips, "%.2f ms"))
	}
	return goals, version, failure(all, false)
}

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

// words names the number of callers in a goal.
func (p plan) words(format string) string { return fmt.Sprintf(format, p.crowd) }

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
	g := page{"goals", []figures.Table{goalTable(all)}, nil, p.signed(started, version)}
	err := p.write(to, "Ratios, each of the two sides of one round; median, min and max are of the rounds", g)
	return errors.Join(failed, err)
}

// goalsCrowd compares what 200 callers get, and at what cost.
func goalsCrowd(ctx context.Context, p plan) ([]goal, string, error) {
	of := func(peer string, figure func(measurement) float64) side { return side{"", peer, p.crowd, figure} }
	turns := each("", p.crowd, callers.ProxyConns, callers.ProxyShared, callers.Redsync, callers.NodeRedlock)
	all, version, err := rounds(ctx, p, variant{turns: always(turns...)})
	if err != nil {
		return nil, version, err
	}
	const rate, cost = "%.0f/s", "%.1f s"
	return []goal{
		goal{words: p.words("%d connections, pairs/s, to redsync"), atLeast: true, bound: 5.5}.divide(all,
			of(callers.ProxyConns, pairRate), of(callers.Redsync, pairRate), rate),
		goal{words: p.words("%d connections, pairs/s, to node-redlock with as many callers"), atLeast: true, bound: 3.5}.divide(all,
			of(callers.ProxyConns, pairRate), of(callers.NodeRedlock, pairRate), rate),
		goal{words: p.words("one shared connection with %d callers, pairs/s, to a connection each"), atLeast: true, bound: 1.5}.divide(all,
			of(callers.ProxyShared, pairRate), of(callers.ProxyConns, pairRate), rate),
		goal{words: p.words("%d connections, CPU of all processes for 100 000 pairs, to redsync"), bound: 0.18}.divide(all,
			of(callers.ProxyConns, cpuEach), of(callers.Redsync, cpuEach), cost),
		goal{words: p.words("one shared connection with %d callers, CPU of all processes for 100 000 pairs, to redsync"), bound: 0.11}.divide(all,
			of(callers.ProxyShared, cpuEach), of(callers.Redsync, cpuEach), cost),
	}, version, failure(all)
}

// goalsAlone compares what one caller waits.
func goalsAlone(ctx context.Context, p plan) ([]goal, string, error) {
	all, version, err := rounds(ctx, p, variant{turns: always(each("", 1, callers.ProxyConns, callers.Redsync)...)})
	if err != nil {
		return nil, version, err
	}
	return []goal{
		goal{words: "1 caller, p50 of a pair, to redsync", bound: 0.85}.divide(all,
			side{"", callers.ProxyConns, 1, pairP50}, side{"", callers.Redsync, 1, pairP50}, "%.2f ms"),
	}, version, failure(all)
}

// goalsPaused compares the slowest with a node that stands still with those of a
// healthy one.
func goalsPaused(ctx context.Context, p plan) ([]goal, string, error) {
	all, version, err := rounds(ctx, p, variant{faulty: true, turns: func(s *stage.Stage) []turn {
		return []turn{
			{setting: healthy, peer: callers.ProxyConns, callers: p.crowd},
			pausing(s, turn{peer: callers.ProxyConns, callers: p.crowd}),
		}
	}})
	if err != nil {
		return nil, version, err
	}
	return []goal{
		goal{words: p.words("one node paused, %d connections, p99 of a pair, to healthy"), bound: 1.3}.divide(all,
			side{onePaused, callers.ProxyConns, p.crowd, pairP99}, side{healthy, callers.ProxyConns, p.crowd, pairP99}, "%.2f ms"),
	}, version, failure(all)
}

// goalsFar compares a LOCK with the round trip that it needs at least.
func goalsFar(ctx context.Context, p plan) ([]goal, string, error) {
	peers := []string{callers.ProxyConns, callers.ProxyShared}
	all, version, err := rounds(ctx, p, variant{options: stage.Options{Away: farAway}, turns: always(each("", p.crowd, peers...)...)})
	if err != nil {
		return nil, version, err
	}
	var goals []goal
	for _, peer := range peers {
		locks := side{"", peer, p.crowd, lockP50}.values(all)
		trips := make([]float64, len(locks))
		for i := range trips {
			trips[i] = milliseconds(farAway)
		}
		goals = append(goals, goal{words: p.words("nodes 5 ms away (round trip), %d callers, " + peer + ": p50 of a LOCK, to the round trip"), bound: 1.2}.
			over(locks, trips, "%.2f ms"))
	}
	return goals, version, failure(all)
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// The requests of one redis-benchmark: over so many connections, so many under
// way on each, for keys of which most are free.
const (
	benchConnections = "50"
	benchPipeline    = "16"
	benchKeys        = "10000000"
	probing          = 20_000 // requests, to find out how many fill the time
	// limitTries is how often redis-benchmark may be ended by the proxy's saying
	// that it is overloaded, as it does when others take the processor.
	limitTries = 5
)

// pressed is how many a second a redis-benchmark got through.
type pressed struct{ nodes, proxy float64 }

// setLikeALock is what a lock takes on each node, as redlock/request.go sends it;
// the value is as long as a token of the proxy's making.
func setLikeALock() []string {
	return []string{"set", "key:__rand_int__", strings.Repeat("f", 40), "px", "10000", "nx", "get"}
}

// press lets redis-benchmark send the SETs of so many locks to all nodes at once,
// and then LOCKs to the proxy, round after round.
func press(ctx context.Context, p plan) (rounds []pressed, version string, err error) {
	s, err := stage.Open(ctx, stage.Options{Binary: p.proxy})
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	nodes := func(n int) (float64, error) { return hammer(ctx, n, s.Addresses(), setLikeALock()) }
	proxy := func(n int) (float64, error) { return hammerProxy(ctx, n, s.Proxies[0].Address) }
	perNodes, err := nodes(probing)
	if err != nil {
		return nil, s.Version, err
	}
	perProxy, err := proxy(probing)
	if err != nil {
		return nil, s.Version, err
	}
	for round := range p.rounds {
		var r pressed
		if r.nodes, err = nodes(int(perNodes * p.time.Seconds())); err != nil {
			return rounds, s.Version, err
		}
		if r.proxy, err = proxy(int(perProxy * p.time.Seconds())); err != nil {
			return rounds, s.Version, err
		}
		stage.Progress("round %d of %d: redis-benchmark -P %s -c %s: %.0f SET/s on each of %d nodes, %.0f LOCK/s through the proxy",
			round+1, p.rounds, benchPipeline, benchConnections, r.nodes, len(s.Nodes), r.proxy)
		rounds = append(rounds, r)
	}
	return rounds, s.Version, nil
}

// hammerProxy is hammer with LOCKs. It tries again when LIMIT has ended it.
func hammerProxy(ctx context.Context, n int, address string) (rate float64, err error) {
	for range limitTries {
		rate, err = hammer(ctx, n, []string{address}, []string{"LOCK", "key:__rand_int__", "10000"})
		if err == nil || !strings.Contains(err.Error(), "LIMIT") {
			break
		}
		stage.Progress("redis-benchmark heard LIMIT, which ends it; again")
	}
	return rate, err
}

// hammer lets a redis-benchmark for each address send n requests, all at once,
// and says how many a second each got through until the last was done.
func hammer(ctx context.Context, n int, addresses, request []string) (float64, error) {
	outcomes := make(chan error, len(addresses))
	began := time.Now()
	for _, address := range addresses {
		go func() { outcomes <- redisBenchmark(ctx, max(n, probing), address, request) }()
	}
	var errs error
	for range addresses {
		errs = errors.Join(errs, <-outcomes)
	}
	return float64(max(n, probing)) / time.Since(began).Seconds(), errs
}

func redisBenchmark(ctx context.Context, n int, address string, request []string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	args := []string{"-h", host, "-p", port, "-P", benchPipeline, "-c", benchConnections,
		"-r", benchKeys, "-n", strconv.Itoa(n), "--csv"}
	out, err := exec.CommandContext(ctx, "redis-benchmark", append(args, request...)...).CombinedOutput()
	if err == nil && bytes.Contains(bytes.ToLower(out), []byte("error")) {
		err = errors.New("a request failed")
	}
	if err != nil {
		return fmt.Errorf("redis-benchmark (of the package redis-tools) %s: %w: %.300s", strings.Join(request, " "), err, out)
	}
	return nil
}

// goalsCeiling compares the proxy with what its nodes can do at all.
func goalsCeiling(ctx context.Context, p plan) ([]goal, string, error) {
	rounds, version, err := press(ctx, p)
	var nodes, proxy []float64
	for _, r := range rounds {
		nodes, proxy = append(nodes, r.nodes), append(proxy, r.proxy)
	}
	return []goal{
		goal{words: "pipelined LOCK/s of redis-benchmark, to the SET/s of the five nodes at once", atLeast: true, bound: 0.5}.
			over(proxy, nodes, "%.0f/s"),
	}, version, err
}

// ceiling prints what the nodes can do at all, and what the proxy makes of it.
func ceiling(ctx context.Context, p plan, to io.Writer, started time.Time) error {
	rounds, version, err := press(ctx, p)
	if len(rounds) == 0 {
		return err
	}
	t := figures.Table{Left: []int{0}, Headings: []string{"redis-benchmark -P " + benchPipeline + " -c " + benchConnections, "a second", "min", "max", "to the nodes"}}
	var nodes, proxy []float64
	for _, r := range rounds {
		nodes, proxy = append(nodes, r.nodes), append(proxy, r.proxy)
	}
	for _, of := range []struct {
		words string
		rates []float64
	}{{"SET key value PX 10000 NX GET on all five nodes at once, on each", nodes}, {"LOCK key 10000 through the proxy", proxy}} {
		t.Rows = append(t.Rows, []string{of.words, fmt.Sprintf("%.0f", figures.Median(of.rates)),
			fmt.Sprintf("%.0f", slices.Min(of.rates)), fmt.Sprintf("%.0f", slices.Max(of.rates)),
			ratio(figures.Median(of.rates), figures.Median(nodes))})
	}
	g := page{ceilingSection, []figures.Table{t}, nil, p.signed(started, version)}
	return errors.Join(err, p.write(to, "What the nodes can do", g))
}

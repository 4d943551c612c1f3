package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// plan is what the flags say.
type plan struct {
	rates       []float64
	connections int
	window      int
	time        time.Duration
	warmUp      time.Duration
	proxy       string
}

func main() {
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "overload:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = run(ctx, p, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "overload:", err)
		os.Exit(1)
	}
}

func parse(args []string) (plan, error) {
	var p plan
	f := flag.NewFlagSet("overload", flag.ContinueOnError)
	rates := f.String("rates", "1,3", "what is offered, in multiples of the peak")
	f.IntVar(&p.connections, "connections", 32, "how many connections the load comes over")
	f.IntVar(&p.window, "window", 8, "how many pairs each connection keeps under way at the peak")
	f.DurationVar(&p.time, "time", 5*time.Second, "how long one measurement takes")
	f.DurationVar(&p.warmUp, "warm-up", time.Second, "how long the load is on before it is measured")
	f.StringVar(&p.proxy, "proxy", "", "a proxy's binary; built from this source tree when empty")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	for word := range strings.SplitSeq(*rates, ",") {
		r, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || r <= 0 {
			return p, fmt.Errorf("-rates=%s: want numbers above 0 with commas between", *rates)
		}
		p.rates = append(p.rates, r)
	}
	if p.connections < 1 || p.window < 1 || p.time <= 0 || p.warmUp < 0 {
		return p, fmt.Errorf("-connections=%d -window=%d -time=%v -warm-up=%v: want at least 1 of each and some time", p.connections, p.window, p.time, p.warmUp)
	}
	return p, nil
}

// run does the plan and prints what came out.
func run(ctx context.Context, p plan, to io.Writer) (err error) {
	s, err := stage.Open(ctx, stage.Options{Binary: p.proxy, Proxies: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	address := s.Proxies[0].Address

	started := time.Now()
	most, err := peak(ctx, address, p)
	if err != nil {
		return err
	}
	t := figures.Table{Left: []int{0}, Headings: []string{
		"load", "LOCKs/s offered", "pairs/s", "of the peak", "LIMIT", "not read", "other", "lost", "UNLOCK failed",
		"LOCK p50", "p99", "UNLOCK p50", "p99"}}
	t.Rows = append(t.Rows, cells(most, most.rate))
	var failed error
	for _, times := range p.rates {
		r, err := offer(ctx, address, p, times, times*most.rate)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, cells(r, most.rate))
		if r.counts.firstError != "" {
			stage.Progress("%s: %s", r.name, r.counts.firstError)
		}
		if r.counts.lost > 0 {
			failed = fmt.Errorf("%d locks were lost at %g times the peak", r.counts.lost, times)
		}
	}
	fmt.Fprint(to, figures.Setting("./overload", os.Args[1:], started, s.Version), "\n\n")
	if err := t.WriteText(to); err != nil {
		return err
	}
	fmt.Fprint(to, "\n", t.Markdown())
	return errors.Join(failed, keysLeft(ctx, s))
}

// keysLeft waits until no node has a key any more.
func keysLeft(ctx context.Context, s *stage.Stage) error {
	left := 0
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		left = 0
		for _, n := range s.Nodes {
			keys, err := n.Keys(ctx)
			if err != nil {
				return err
			}
			left += len(keys)
		}
		if left == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d keys were left on the nodes", left)
}

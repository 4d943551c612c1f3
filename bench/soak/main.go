package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// plan is what the flags say.
type plan struct {
	time    time.Duration
	every   time.Duration
	callers int
	proxy   string
}

func main() {
	if playing, err := callers.Serve(); playing {
		exit(err, 1)
	}
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err, 2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = run(ctx, p, os.Stdout)
	stop()
	exit(err, 1)
}

func exit(err error, code int) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "soak:", err)
	os.Exit(code)
}

func parse(args []string) (plan, error) {
	var p plan
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.DurationVar(&p.time, "time", 10*time.Minute, "how long both halves take together")
	f.DurationVar(&p.every, "every", 0, "how often to look; a tenth of a half when 0")
	f.IntVar(&p.callers, "callers", 200, "how many callers at once")
	f.StringVar(&p.proxy, "proxy", "", "a proxy's binary; built from this source tree when empty")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	if p.every == 0 {
		p.every = p.time / 20
	}
	if p.callers < 1 || p.every <= 0 || p.time < 10*p.every {
		return p, fmt.Errorf("-time=%v -every=%v -callers=%d: want a caller, and at least five looks in each half", p.time, p.every, p.callers)
	}
	return p, nil
}

// run prints what the proxy kept, and fails when that grew.
func run(ctx context.Context, p plan, to io.Writer) error {
	s, err := stage.Open(ctx, stage.Options{Binary: p.proxy, Admin: true})
	if err != nil {
		return err
	}
	var failed error
	t := figures.Table{Headings: []string{"callers", "after", "pairs", "resident", "heap", "goroutines"}, Left: []int{0}}
	for _, peer := range []string{callers.ProxyConns, callers.ProxyShared} {
		h, err := half(ctx, s, p, peer)
		for _, l := range h.looks {
			t.Rows = append(t.Rows, l.cells(peer))
		}
		failed = errors.Join(failed, err, h.grown(peer))
		if err != nil {
			break
		}
	}
	return errors.Join(t.WriteText(to), failed, s.Close())
}

// half lets the callers work, and looks at the proxy meanwhile.
func half(ctx context.Context, s *stage.Stage, p plan, peer string) (history, error) {
	var h history
	c, err := callers.Start(ctx, callers.Order{Peer: peer, Nodes: s.Addresses(), Proxy: s.Proxies[0].Address,
		Prefix: "soak", Callers: p.callers, Time: p.time / 2})
	if err != nil {
		return h, err
	}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	looked := make(chan error, 1)
	start := func() error {
		go func() { looked <- h.follow(looking, s.Proxies[0].Admin, p.every) }()
		return nil
	}
	r, err := c.Turn(start, func() error { stop(); return <-looked })
	if err == nil && r.Errors > 0 {
		err = fmt.Errorf("%s: %d pairs failed, the first with: %s", peer, r.Errors, r.First)
	}
	return h, err
}

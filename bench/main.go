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
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(code)
}

// run does the plan and prints what came out. The error says so when a pair
// failed: such a run is no measurement.
func run(ctx context.Context, p plan, to io.Writer) error {
	if p.proxy == "" {
		dir, err := os.MkdirTemp("", "redlock-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if p.proxy, err = stage.Build(ctx, dir); err != nil {
			return err
		}
	}
	if p.goals {
		return goals(ctx, p, to)
	}
	return all(ctx, p, to)
}

// all measures the sections of the plan and prints each when it is done: who
// breaks off keeps what there is.
func all(ctx context.Context, p plan, to io.Writer) error {
	started := time.Now()
	var failed error
	for _, s := range sections() {
		if !p.wants(s.name) {
			continue
		}
		results, version, err := s.measure(ctx, p)
		if err != nil {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, failure(results))
		rows := rowsOf(results)
		drawn, err := s.draw(p, rows, started)
		if err != nil {
			return err
		}
		g := page{s.name, []figures.Table{s.speeds(rows), s.costs(rows)}, drawn, p.signed(started, version)}
		if err := p.write(to, s.title, g); err != nil {
			return err
		}
	}
	if p.wants(ceilingSection) {
		failed = errors.Join(failed, ceiling(ctx, p, to, started))
	}
	return failed
}

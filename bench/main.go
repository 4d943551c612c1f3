package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"redlock-proxy/bench/callers"
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
	err = run(ctx, p)
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
func run(ctx context.Context, p plan) error {
	if p.goals {
		return goals(ctx, p, os.Stdout)
	}
	return errors.New("not yet")
}

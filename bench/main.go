package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/bench/stage"
)

// plan is what the flags say.
type plan struct {
	callers []int
	rounds  int
	time    time.Duration
	warmUp  time.Duration
	proxy   string
	dead    int
}

func main() {
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	redis.SetLogger(silence{}) // go-redis would tell of every dial to a dead node
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = run(ctx, p)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (plan, error) {
	var p plan
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	callers := f.String("callers", "1,200", "how many callers at once, one figure or several")
	f.DurationVar(&p.time, "time", 5*time.Second, "how long one measurement takes")
	f.DurationVar(&p.warmUp, "warm-up", time.Second, "how long a peer works before it is measured")
	f.IntVar(&p.rounds, "rounds", 3, "how often every peer has its turn")
	f.StringVar(&p.proxy, "proxy", "", "a proxy's binary; built from ../cmd/redlock-proxy when empty")
	f.IntVar(&p.dead, "dead", 0, "how many of the five nodes are killed before anything is measured: 0, 1 or 2")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	for word := range strings.SplitSeq(*callers, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return p, fmt.Errorf("-callers=%s: want numbers above 0 with commas between", *callers)
		}
		p.callers = append(p.callers, n)
	}
	if p.dead < 0 || p.dead > stage.NodeCount/2 {
		return p, fmt.Errorf("-dead=%d: want 0 to %d, or there is no quorum", p.dead, stage.NodeCount/2)
	}
	if p.rounds < 1 || p.time <= 0 || p.warmUp < 0 {
		return p, fmt.Errorf("-rounds=%d -time=%v -warm-up=%v: want at least 1 round and some time", p.rounds, p.time, p.warmUp)
	}
	return p, nil
}

// run does the plan and prints what came out. The error says so when a pair
// failed: such a run is no measurement.
func run(ctx context.Context, p plan) (err error) {
	s, err := stage.Open(ctx, stage.Options{Binary: p.proxy, Dead: p.dead})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	started := time.Now()
	results, err := measureAll(ctx, s, p)
	if err != nil {
		return err
	}
	r := report{plan: p, args: os.Args[1:], started: started, redis: s.Version, results: results}
	if err := r.write(os.Stdout); err != nil {
		return err
	}
	return r.failure()
}

type silence struct{}

// Printf implements go-redis' logger.
func (silence) Printf(context.Context, string, ...any) {}

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

	"redlock-proxy/bench/stage"
)

// plan is what the flags say.
type plan struct {
	contenders []int
	hold       time.Duration
	pause      time.Duration
	rounds     int
	time       time.Duration
	warmUp     time.Duration
	proxies    int
	peers      []peer
	proxy      string
	picture    string
}

func main() {
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "contend:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err = run(ctx, p, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "contend:", err)
		os.Exit(1)
	}
}

func parse(args []string) (plan, error) {
	var p plan
	f := flag.NewFlagSet("contend", flag.ContinueOnError)
	contenders := f.String("contenders", "16,256", "how many want the lock at once, one figure or several")
	f.DurationVar(&p.hold, "hold", 2*time.Millisecond, "how long each holds it; may be 0")
	f.DurationVar(&p.pause, "pause", 0, "how long each waits between its release and asking again")
	f.DurationVar(&p.time, "time", 5*time.Second, "how long one measurement takes")
	f.DurationVar(&p.warmUp, "warm-up", time.Second, "how long a peer works before it is measured")
	f.IntVar(&p.rounds, "rounds", 3, "how often every peer has its turn")
	f.IntVar(&p.proxies, "proxies", 1, "with 2, the contenders are split over two proxies, and only the proxy is measured")
	words := f.String("peers", "", "only the peers with one of these words, with commas between, in their name")
	f.StringVar(&p.proxy, "proxy", "", "a proxy's binary; built from this source tree when empty")
	f.StringVar(&p.picture, "picture", "", "draw the waits with the first number of contenders into this SVG file")
	err := f.Parse(args)
	if err != nil {
		return p, err
	}
	for word := range strings.SplitSeq(*contenders, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 2 {
			return p, fmt.Errorf("-contenders=%s: want numbers above 1 with commas between", *contenders)
		}
		p.contenders = append(p.contenders, n)
	}
	switch {
	case p.proxies != 1 && p.proxies != 2:
		return p, fmt.Errorf("-proxies=%d: want 1 or 2", p.proxies)
	case p.rounds < 1 || p.time <= 0 || p.warmUp < 0 || p.hold < 0 || p.pause < 0:
		return p, fmt.Errorf("-rounds=%d -time=%v -warm-up=%v -hold=%v -pause=%v: want at least 1 round and some time", p.rounds, p.time, p.warmUp, p.hold, p.pause)
	}
	p.peers, err = choose(*words, p.proxies)
	return p, err
}

// wakeUpTimes is how often the way from one proxy to the other is timed.
const wakeUpTimes = 200

// run does the plan and prints what came out. The error says so when something
// failed: such a run is no measurement.
func run(ctx context.Context, p plan, to io.Writer) (err error) {
	s, err := stage.Open(ctx, stage.Options{Binary: p.proxy, Proxies: p.proxies})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	r := report{plan: p, args: os.Args[1:], started: time.Now(), redis: s.Version}
	if r.results, err = measureAll(ctx, s, p); err != nil {
		return err
	}
	if p.proxies > 1 {
		if r.wakeUps, err = wakeUps(ctx, s, wakeUpTimes); err != nil {
			return err
		}
	}
	if err := r.write(to); err != nil {
		return err
	}
	if err := r.draw(); err != nil {
		return err
	}
	return r.failure()
}

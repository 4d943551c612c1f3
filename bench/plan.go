package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// plan is what the flags say.
type plan struct {
	args    []string
	goals   bool
	callers []int
	rounds  int
	time    time.Duration
	warmUp  time.Duration
	proxy   string
}

func parse(args []string) (plan, error) {
	p := plan{args: args}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&p.goals, "goals", false, "measure the ratios that are to be kept, and nothing else")
	list := f.String("callers", "1,10,50,200,1000", "how many callers at once, one figure or several")
	f.DurationVar(&p.time, "time", 3*time.Second, "how long one measurement takes")
	f.DurationVar(&p.warmUp, "warm-up", time.Second, "how long a peer works before it is measured")
	f.IntVar(&p.rounds, "rounds", 3, "how often every peer has its turn")
	f.StringVar(&p.proxy, "proxy", "", "a proxy's binary; built from this source tree when empty")
	if err := f.Parse(args); err != nil {
		return p, err
	}
	for word := range strings.SplitSeq(*list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return p, fmt.Errorf("-callers=%s: want numbers above 0 with commas between", *list)
		}
		p.callers = append(p.callers, n)
	}
	if p.rounds < 1 || p.time <= 0 || p.warmUp < 0 {
		return p, fmt.Errorf("-rounds=%d -time=%v -warm-up=%v: want at least 1 round and some time", p.rounds, p.time, p.warmUp)
	}
	return p, nil
}

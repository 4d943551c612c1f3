package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// plan is what the flags say.
type plan struct {
	args    []string
	goals   bool
	callers []int
	crowd   int // how many callers where only one number is measured
	rounds  int
	time    time.Duration
	warmUp  time.Duration
	proxy   string
	// sections are those asked for; pictures is the folder for the pictures, none
	// are drawn when it is empty.
	sections []string
	pictures string
	readme   string // its sections are written anew, unless it is empty
}

func parse(args []string) (plan, error) {
	p := plan{args: args, crowd: 200}
	short := slices.Contains(args, "-short") || slices.Contains(args, "--short")
	counts, lasts, warms, times := "1,10,50,200,1000", 3*time.Second, time.Second, 3
	if short {
		counts, lasts, warms, times = "1,200", 700*time.Millisecond, 300*time.Millisecond, 1
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&p.goals, "goals", false, "measure the ratios that are to be kept, and nothing else")
	f.Bool("short", false, "a quick look: other defaults for -callers, -time, -warm-up and -rounds")
	only := f.String("only", strings.Join(names(), ","), "which sections")
	f.StringVar(&p.pictures, "pictures", "", "draw the pictures of README.md into this folder")
	f.StringVar(&p.readme, "readme", "", "write the tables into this file, in the places that it has for them")
	list := f.String("callers", counts, "how many callers at once, one figure or several")
	f.DurationVar(&p.time, "time", lasts, "how long one measurement takes")
	f.DurationVar(&p.warmUp, "warm-up", warms, "how long a peer works before it is measured")
	f.IntVar(&p.rounds, "rounds", times, "how often every peer has its turn")
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
	p.sections = strings.Split(*only, ",")
	for _, name := range p.sections {
		if !slices.Contains(names(), name) {
			return p, fmt.Errorf("-only=%s: want some of %s with commas between", *only, strings.Join(names(), ","))
		}
	}
	if p.rounds < 1 || p.time <= 0 || p.warmUp < 0 {
		return p, fmt.Errorf("-rounds=%d -time=%v -warm-up=%v: want at least 1 round and some time", p.rounds, p.time, p.warmUp)
	}
	return p, nil
}

// names are those of the sections.
func names() []string {
	var n []string
	for _, s := range sections() {
		n = append(n, s.name)
	}
	return append(n, ceilingSection)
}

func (p plan) wants(section string) bool { return slices.Contains(p.sections, section) }

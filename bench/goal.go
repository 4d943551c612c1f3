package main

import (
	"fmt"
	"slices"

	"redlock-proxy/bench/figures"
)

// goal is a ratio that is to be kept.
type goal struct {
	words   string
	atLeast bool
	bound   float64
	ratios  []float64 // one of each round
	figures string    // what was divided, medians
}

// met looks at the median.
func (g goal) met() bool {
	if len(g.ratios) == 0 {
		return false
	}
	median := figures.Median(slices.Clone(g.ratios))
	if g.atLeast {
		return median >= g.bound
	}
	return median <= g.bound
}

func (g goal) cells() []string {
	sign, met := "<=", "no"
	if g.atLeast {
		sign = ">="
	}
	if g.met() {
		met = "yes"
	}
	if len(g.ratios) == 0 {
		return []string{g.words, fmt.Sprintf("%s %.2f", sign, g.bound), "-", "-", "-", "not measured", ""}
	}
	r := slices.Clone(g.ratios)
	return []string{g.words, fmt.Sprintf("%s %.2f", sign, g.bound), fmt.Sprintf("%.2f", figures.Median(r)),
		fmt.Sprintf("%.2f", r[0]), fmt.Sprintf("%.2f", r[len(r)-1]), met, g.figures}
}

// goalTable is what -goals prints.
func goalTable(goals []goal) figures.Table {
	t := figures.Table{Left: []int{0, 6}, Headings: []string{"ratio", "goal", "median", "min", "max", "met", "medians of"}}
	for _, g := range goals {
		t.Rows = append(t.Rows, g.cells())
	}
	return t
}

// side is the figure of one side of a ratio, of the measurements of one peer.
type side struct {
	setting, peer string
	callers       int
	of            func(measurement) float64
}

func (s side) values(all []measurement) []float64 {
	var v []float64
	for _, m := range all {
		if m.setting == s.setting && m.peer == s.peer && m.callers == s.callers {
			v = append(v, s.of(m))
		}
	}
	return v
}

// divide fills a goal with the ratios of a to b, round by round.
func (g goal) divide(all []measurement, a, b side, format string) goal {
	return g.over(a.values(all), b.values(all), format)
}

// over fills a goal; format shows one figure.
func (g goal) over(a, b []float64, format string) goal {
	if len(a) == 0 || len(b) == 0 {
		return g
	}
	for i := range min(len(a), len(b)) {
		g.ratios = append(g.ratios, a[i]/b[i])
	}
	g.figures = fmt.Sprintf(format+" / "+format, figures.Median(slices.Clone(a)), figures.Median(slices.Clone(b)))
	return g
}

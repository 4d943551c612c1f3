package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"redlock-proxy/bench/figures"
)

// report is the outcome of a run.
type report struct {
	plan    plan
	args    []string
	started time.Time
	redis   string // the nodes' version
	results []measurement
}

// row is a line of the table: one peer with so many callers, over all rounds.
type row struct {
	callers     int
	peer        string
	median      float64 // pairs/s
	least, most float64
	ratio       float64 // to redsync's median with as many callers
	p50, p99    time.Duration
	errors      int
}

func headings() []string {
	return []string{"callers", "peer", "pairs/s", "min", "max", "p50", "p99", "x redsync", "errors"}
}

func (r row) cells() []string {
	return []string{
		fmt.Sprint(r.callers), r.peer,
		fmt.Sprintf("%.0f", r.median), fmt.Sprintf("%.0f", r.least), fmt.Sprintf("%.0f", r.most),
		figures.Milliseconds(r.p50), figures.Milliseconds(r.p99),
		fmt.Sprintf("%.2f", r.ratio), fmt.Sprint(r.errors),
	}
}

// rows are in the order in which they were measured.
func (r *report) rows() []row {
	var rows []row
	for _, callers := range r.plan.callers {
		first := len(rows)
		for _, m := range r.results {
			if m.callers == callers && !slices.ContainsFunc(rows[first:], func(o row) bool { return o.peer == m.peer }) {
				rows = append(rows, r.row(callers, m.peer))
			}
		}
		base := rows[len(rows)-1].median // redsync is the last of openers
		for i := range rows[first:] {
			rows[first+i].ratio = rows[first+i].median / base
		}
	}
	return rows
}

func (r *report) row(callers int, peer string) row {
	var rates []float64
	var p50, p99 []time.Duration
	o := row{callers: callers, peer: peer}
	for _, m := range r.results {
		if m.callers == callers && m.peer == peer {
			rates, p50, p99 = append(rates, m.rate()), append(p50, m.p50), append(p99, m.p99)
			o.errors += m.errors
		}
	}
	o.median, o.least, o.most = figures.Median(rates), slices.Min(rates), slices.Max(rates)
	o.p50, o.p99 = figures.Median(p50), figures.Median(p99)
	return o
}

func (r *report) write(w io.Writer) error {
	t := r.table()
	if err := t.WriteText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s; %d rounds of %v after %v of warm-up.\n"+
		"pairs/s, p50 and p99: the median over the rounds; min and max: the slowest and the fastest round.\n\n%s",
		figures.Setting("go run .", r.args, r.started, r.redis), r.plan.rounds, r.plan.time, r.plan.warmUp, t.Markdown())
	return err
}

func (r *report) table() figures.Table {
	t := figures.Table{Headings: headings(), Left: []int{1}}
	for _, row := range r.rows() {
		t.Rows = append(t.Rows, row.cells())
	}
	return t
}

// failure is about the pairs that failed, nil when none did.
func (r *report) failure() error {
	var errs error
	for _, m := range r.results {
		if m.errors > 0 {
			errs = errors.Join(errs, fmt.Errorf("%s, %d callers: %d pairs failed, the first with: %w", m.peer, m.callers, m.errors, m.first))
		}
	}
	return errs
}

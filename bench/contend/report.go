package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
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
	wakeUps []wakeUp
}

// row is a line of a table: the turns of one peer with so many contenders.
type row []measurement

// rows are in the order in which they were measured.
func (r *report) rows() []row {
	var rows []row
	for _, m := range r.results {
		same := func(o row) bool { return o[0].contenders == m.contenders && o[0].peer.name == m.peer.name }
		if i := slices.IndexFunc(rows, same); i >= 0 {
			rows[i] = append(rows[i], m)
		} else {
			rows = append(rows, row{m})
		}
	}
	return rows
}

// each gives the figures of the rounds.
func each[T any](r row, of func(measurement) T) []T {
	var values []T
	for _, m := range r {
		values = append(values, of(m))
	}
	return values
}

func total(r row, of func(measurement) int) int {
	sum := 0
	for _, n := range each(r, of) {
		sum += n
	}
	return sum
}

func (r row) rates() []float64 { return each(r, func(m measurement) float64 { return m.rate }) }

func (r row) percentile(percent int) time.Duration {
	return figures.Median(each(r, func(m measurement) time.Duration { return m.percentile(percent) }))
}

// write prints all tables for the terminal, then all for README.md.
func (r *report) write(w io.Writer) error {
	tables := []figures.Table{r.waits()}
	if proxies := r.handOvers(); len(proxies.Rows) > 0 {
		tables = append(tables, proxies)
	}
	if r.plan.hold == 0 {
		tables = append(tables, r.costs())
	}
	if len(r.wakeUps) > 0 {
		tables = append(tables, r.wakings())
	}
	for _, t := range tables {
		if err := t.WriteText(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "%s; %d rounds of %v after %v of warm-up.\n",
		figures.Setting("go run ./contend", r.args, r.started, r.redis), r.plan.rounds, r.plan.time, r.plan.warmUp)
	for _, t := range tables {
		_, err = fmt.Fprintf(w, "\n%s", t.Markdown())
	}
	return err
}

// waits is the table of all peers. The figures are medians of the rounds; max,
// luckiest and unluckiest are of the worst one.
func (r *report) waits() figures.Table {
	t := figures.Table{Left: []int{1}, Headings: strings.Split(
		"contenders,peer,Redis,locks/s,min,max,wait p50,p90,p99,longest,p99/p50,luckiest,unluckiest,cut off,failures", ",")}
	for _, row := range r.rows() {
		rates := row.rates()
		longest := slices.MaxFunc(row, func(a, b measurement) int { return int(a.percentile(100) - b.percentile(100)) })
		p50, p99 := row.percentile(50), row.percentile(99)
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(row[0].contenders), row[0].peer.name, fmt.Sprint(row[0].peer.nodes),
			fmt.Sprintf("%.0f", figures.Median(rates)), fmt.Sprintf("%.0f", slices.Min(rates)), fmt.Sprintf("%.0f", slices.Max(rates)),
			figures.Milliseconds(p50), figures.Milliseconds(row.percentile(90)), figures.Milliseconds(p99),
			longest.longestIs + figures.Milliseconds(longest.percentile(100)), ratio(p99, p50),
			fmt.Sprintf("%.2f", slices.Max(each(row, func(m measurement) float64 { return m.most }))),
			fmt.Sprintf("%.2f", slices.Min(each(row, func(m measurement) float64 { return m.least }))),
			fmt.Sprint(total(row, func(m measurement) int { return m.cutOff })),
			fmt.Sprint(total(row, func(m measurement) int { return m.record.failures })),
		})
	}
	return t
}

func ratio(a, b time.Duration) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(a)/float64(b))
}

// handOvers says of the proxy how near it comes to what is possible, and in
// which order it grants.
func (r *report) handOvers() figures.Table {
	t := figures.Table{Left: []int{1}, Headings: []string{
		"contenders", "peer", "locks/s", "held", "round trip", "of possible", "rested", "of possible", "grants", "overtook"}}
	if r.plan.proxies > 1 {
		t.Headings = append(t.Headings, "through A", "through B")
	}
	for _, row := range r.rows() {
		if !row[0].peer.proxy {
			continue
		}
		cells := []string{
			fmt.Sprint(row[0].contenders), row[0].peer.name,
			fmt.Sprintf("%.0f", figures.Median(row.rates())),
			figures.Milliseconds(figures.Median(each(row, func(m measurement) time.Duration { return m.held }))),
			figures.Milliseconds(figures.Median(each(row, func(m measurement) time.Duration { return m.trip.hot }))),
			fmt.Sprintf("%.2f", figures.Median(each(row, measurement.ofPossible))),
			figures.Milliseconds(figures.Median(each(row, func(m measurement) time.Duration { return m.trip.rested }))),
			fmt.Sprintf("%.2f", figures.Median(each(row, measurement.ofRested))),
			fmt.Sprint(total(row, func(m measurement) int { return m.locks })),
			fmt.Sprint(total(row, func(m measurement) int { return m.overtook })),
		}
		if r.plan.proxies > 1 {
			share := figures.Median(each(row, func(m measurement) float64 { return m.throughA }))
			cells = append(cells, fmt.Sprintf("%.0f %%", 100*share), fmt.Sprintf("%.0f %%", 100*(1-share)))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// costs is what one lock and its release cost each node. The commands within a
// script count beside its EVALSHA.
func (r *report) costs() figures.Table {
	t := figures.Table{Left: []int{1, 2}, Headings: []string{"contenders", "peer", "calls on each Redis for one lock"}}
	for _, row := range r.rows() {
		last := row[len(row)-1] // the first one also loads scripts
		t.Rows = append(t.Rows, []string{fmt.Sprint(last.contenders), last.peer.name, often(last.calls)})
	}
	return t
}

func (r *report) wakings() figures.Table {
	t := figures.Table{Headings: []string{"released at proxy", "waited for at", "times", "median", "p99"}, Left: []int{0, 1}}
	for _, w := range r.wakeUps {
		t.Rows = append(t.Rows, []string{w.from, w.to, fmt.Sprint(w.times), figures.Milliseconds(w.median), figures.Milliseconds(w.p99)})
	}
	return t
}

// draw makes the picture of the waits with the first number of contenders.
func (r *report) draw() error {
	if r.plan.picture == "" {
		return nil
	}
	var curves []curve
	for _, row := range r.rows() {
		if row[0].contenders == r.plan.contenders[0] {
			c := curve{name: row[0].peer.name, waits: slices.Concat(each(row, func(m measurement) []time.Duration { return m.waits })...)}
			slices.Sort(c.waits)
			curves = append(curves, c)
		}
	}
	title := fmt.Sprintf("How long %d contenders wait for one lock that each holds for %s", r.plan.contenders[0], tick(r.plan.hold))
	if r.plan.pause > 0 {
		title += fmt.Sprintf(", %s apart", tick(r.plan.pause))
	}
	return os.WriteFile(r.plan.picture, []byte(draw(title, curves)), 0o644)
}

// failure is about what failed, nil when nothing did.
func (r *report) failure() error {
	var errs error
	for _, m := range r.results {
		if m.record.failures > 0 {
			errs = errors.Join(errs, fmt.Errorf("%s, %d contenders: %d failures, the first: %w",
				m.peer.name, m.contenders, m.record.failures, m.record.first))
		}
	}
	return errs
}

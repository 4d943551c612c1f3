package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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
		milliseconds(r.p50), milliseconds(r.p99),
		fmt.Sprintf("%.2f", r.ratio), fmt.Sprint(r.errors),
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
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
	o.median, o.least, o.most = median(rates), slices.Min(rates), slices.Max(rates)
	o.p50, o.p99 = median(p50), median(p99)
	return o
}

// median of an even number of values is the larger of the two in the middle.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func (r *report) write(w io.Writer) error {
	rows := r.rows()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(headings(), "\t"))
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row.cells(), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, "\n", r.markdown(rows))
	return err
}

// markdown is for README.md.
func (r *report) markdown(rows []row) string {
	var b strings.Builder
	command := strings.Join(append([]string{"go run ."}, r.args...), " ")
	fmt.Fprintf(&b, "`%s`, %s; %s, %d cores, %s, redis-server %s; %d rounds of %v after %v of warm-up.\n",
		command, r.started.Format("2006-01-02"), processor(), runtime.NumCPU(), runtime.Version(), r.redis,
		r.plan.rounds, r.plan.time, r.plan.warmUp)
	b.WriteString("pairs/s, p50 and p99: the median over the rounds; min and max: the slowest and the fastest round.\n\n")
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(headings())
	b.WriteString("|--:|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range rows {
		line(row.cells())
	}
	return b.String()
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

// processor is the CPU's model as Linux tells it.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, model, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/figures"
)

// rowKey is what the rounds of a row have in common.
type rowKey struct {
	setting, peer string
	callers       int
}

// row is a line of a table: one peer's turns of one kind, over all rounds.
type row struct {
	rowKey
	turns []measurement
}

// rowsOf puts the turns together, in the order of numbers of callers and within
// it in which they were measured.
func rowsOf(results []measurement) []row {
	var rows []row
	for _, m := range results {
		key := rowKey{m.setting, m.peer, m.callers}
		i := slices.IndexFunc(rows, func(r row) bool { return r.rowKey == key })
		if i < 0 {
			rows, i = append(rows, row{rowKey: key}), len(rows)
		}
		rows[i].turns = append(rows[i].turns, m)
	}
	return rows
}

// median is of the rounds.
func (r row) median(of func(measurement) float64) float64 {
	var values []float64
	for _, m := range r.turns {
		values = append(values, of(m))
	}
	return figures.Median(values)
}

func (r row) spread() (least, most float64) {
	least, most = r.turns[0].rate(), r.turns[0].rate()
	for _, m := range r.turns {
		least, most = min(least, m.rate()), max(most, m.rate())
	}
	return least, most
}

// time is a percentile of the pairs, or of the locks alone.
func (r row) time(of func(measurement) *callers.Times, percent float64) string {
	ms := r.median(func(m measurement) float64 { return milliseconds(of(m).Percentile(percent)) })
	if ms == 0 {
		return "-" // no pair was done in time
	}
	return figures.Milliseconds(time.Duration(ms * float64(time.Millisecond)))
}

func pairs(m measurement) *callers.Times { return m.Pair }
func locks(m measurement) *callers.Times { return m.Lock }

// ratio is a figure over another, "-" when there is none.
func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// speeds is the table of what callers get. The ratios are to the row that
// section.base names.
func (s section) speeds(rows []row) figures.Table {
	t := figures.Table{Left: []int{0, 2}, Headings: []string{"nodes", "callers", "peer", "pairs/s", "min", "max",
		"p50", "p90", "p99", "p99.9", "LOCK p50", "pairs/s to " + s.baseIs, "p99 to " + s.baseIs, "errors"}}
	for _, r := range rows {
		least, most := r.spread()
		base := r
		if i := slices.IndexFunc(rows, func(o row) bool { return o.rowKey == s.base(r) }); i >= 0 {
			base = rows[i]
		}
		errors := 0
		for _, m := range r.turns {
			errors += m.Errors
		}
		setting := r.setting
		if setting == "" {
			setting = nodesAre(5)
		}
		t.Rows = append(t.Rows, []string{setting, fmt.Sprint(r.callers), r.peer,
			fmt.Sprintf("%.0f", r.median(pairRate)), fmt.Sprintf("%.0f", least), fmt.Sprintf("%.0f", most),
			r.time(pairs, 50), r.time(pairs, 90), r.time(pairs, 99), r.time(pairs, 99.9), r.time(locks, 50),
			ratio(r.median(pairRate), base.median(pairRate)), ratio(r.median(pairP99), base.median(pairP99)),
			fmt.Sprint(errors)})
	}
	return t
}

// costs is the table of what pairs take of the machine.
func (s section) costs(rows []row) figures.Table {
	t := figures.Table{Left: []int{0, 2}, Headings: []string{"nodes", "callers", "peer",
		"CPU s for 100 000 pairs", "in nodes", "in proxy", "in client", "CPU to " + s.baseIs,
		"MiB in nodes", "in proxy", "in client"}}
	for _, r := range rows {
		base := r
		if i := slices.IndexFunc(rows, func(o row) bool { return o.rowKey == s.base(r) }); i >= 0 {
			base = rows[i]
		}
		setting := r.setting
		if setting == "" {
			setting = nodesAre(5)
		}
		t.Rows = append(t.Rows, append([]string{setting, fmt.Sprint(r.callers), r.peer}, r.cost(base)...))
	}
	return t
}

func (r row) cost(base row) []string {
	seconds := func(of func(measurement) time.Duration) string {
		if r.median(pairRate) == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f", r.median(func(m measurement) float64 { return m.each(of(m)) }))
	}
	mebibytes := func(of func(measurement) int64) string {
		return fmt.Sprintf("%.0f", r.median(func(m measurement) float64 { return float64(of(m)) / (1 << 20) }))
	}
	proxy, proxyMemory := "-", "-"
	if callers.ThroughProxy(r.peer) {
		proxy = seconds(func(m measurement) time.Duration { return m.proxy.CPU })
		proxyMemory = mebibytes(func(m measurement) int64 { return m.proxy.Memory })
	}
	return []string{
		seconds(func(m measurement) time.Duration { return m.nodes.CPU + m.proxy.CPU + m.client.CPU }),
		seconds(func(m measurement) time.Duration { return m.nodes.CPU }), proxy,
		seconds(func(m measurement) time.Duration { return m.client.CPU }),
		ratio(r.median(cpuEach), base.median(cpuEach)),
		mebibytes(func(m measurement) int64 { return m.nodes.Memory }), proxyMemory,
		mebibytes(func(m measurement) int64 { return m.client.Memory }),
	}
}

// write prints a page for the terminal, then for README.md, and puts it there.
func (p plan) write(to io.Writer, title string, g page) error {
	fmt.Fprintf(to, "\n%s\n\n", title)
	for _, t := range g.tables {
		if err := t.WriteText(to); err != nil {
			return err
		}
		fmt.Fprintln(to)
	}
	if _, err := fmt.Fprint(to, g.markdown(p)); err != nil {
		return err
	}
	return p.update(g)
}

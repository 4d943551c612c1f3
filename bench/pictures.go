package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/figures"
	"redlock-proxy/bench/stage"
)

// draw writes the pictures of a section, when the plan wants any, and gives their
// names.
func (s section) draw(p plan, rows []row, started time.Time) ([]string, error) {
	if p.pictures == "" {
		return nil, nil
	}
	pictures := s.pictures(p, rows, figures.Signature(started))
	drawn := slices.Sorted(maps.Keys(pictures))
	for _, name := range drawn {
		svg := pictures[name]
		file := filepath.Join(p.pictures, name+".svg")
		err := os.MkdirAll(p.pictures, 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(svg), 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", file, err)
		}
		stage.Progress("drew %s", file)
	}
	return drawn, nil
}

// pictures are those of a section, by their names.
func (s section) pictures(p plan, rows []row, signature string) map[string]string {
	switch s.name {
	case "load":
		return map[string]string{
			"pairs":   figures.Lines("Pairs of a lock and its release a second", "More is better. Both axes are logarithmic. "+signature, "callers at once", "", lines(rows, pairRate)),
			"latency": figures.Lines("99 of 100 pairs take no longer than this", "Less is better. Both axes are logarithmic. "+signature, "callers at once", " ms", lines(rows, pairP99)),
			"cpu":     figures.Bars(p.words("Processor time for 100 000 pairs, %d callers"), "Less is better. In seconds, of all processes. "+signature, " s", []string{"nodes", "proxy", "client"}, costBars(p, rows)),
		}
	case "faults":
		return map[string]string{"faults": figures.Bars(p.words("99 of 100 pairs take no longer than this, %d callers"),
			"Less is better; -: no pair was done in time. "+signature, " ms", nil, faultBars(rows))}
	}
	return nil
}

// lines are of a figure by the number of callers, one for each peer. What is 0
// has no place on a logarithmic axis.
func lines(rows []row, of func(measurement) float64) []figures.Series {
	var all []figures.Series
	for _, peer := range callers.Peers() {
		s := figures.Series{Name: peer}
		for _, r := range rows {
			if y := r.median(of); r.peer == peer && y > 0 {
				s.Points = append(s.Points, figures.Point{X: float64(r.callers), Y: y})
			}
		}
		all = append(all, s)
	}
	return all
}

func costBars(p plan, rows []row) []figures.Bar {
	var bars []figures.Bar
	for _, r := range rows {
		if r.callers != p.crowd || r.median(pairRate) == 0 {
			continue
		}
		part := func(of func(measurement) time.Duration) float64 {
			return r.median(func(m measurement) float64 { return m.each(of(m)) })
		}
		proxy := 0.0
		if callers.ThroughProxy(r.peer) {
			proxy = part(func(m measurement) time.Duration { return m.proxy.CPU })
		}
		bars = append(bars, figures.Bar{Name: r.peer, Parts: []float64{
			part(func(m measurement) time.Duration { return m.nodes.CPU }), proxy,
			part(func(m measurement) time.Duration { return m.client.CPU })}})
	}
	return bars
}

// faultBars puts what a peer does beside what it does with healthy nodes.
func faultBars(rows []row) []figures.Bar {
	var bars []figures.Bar
	for _, peer := range callers.Peers() {
		for _, setting := range []string{healthy, onePaused, oneDead} {
			i := slices.IndexFunc(rows, func(r row) bool { return r.peer == peer && r.setting == setting })
			if i < 0 {
				continue
			}
			parts := []float64{rows[i].median(pairP99)}
			if setting != healthy {
				parts = []float64{0, parts[0]} // in another colour
			}
			bars = append(bars, figures.Bar{Name: peer + ", " + setting, Parts: parts})
		}
	}
	return bars
}

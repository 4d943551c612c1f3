package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"redlock-proxy/bench/figures"
)

// page is what one section puts into README.md.
type page struct {
	name     string // of the section
	tables   []figures.Table
	pictures []string // titles, by the names of their files
	signed   string
}

// update puts a page into the file of the plan, if it names one, between the
// lines <!-- name --> and <!-- /name -->.
func (p plan) update(g page) error {
	if p.readme == "" {
		return nil
	}
	old, err := os.ReadFile(p.readme)
	if err != nil {
		return fmt.Errorf("-readme: %w", err)
	}
	from, to := fmt.Appendf(nil, "<!-- %s -->\n", g.name), fmt.Appendf(nil, "<!-- /%s -->", g.name)
	before, rest, found := bytes.Cut(old, from)
	_, after, ends := bytes.Cut(rest, to)
	if !found || !ends {
		return fmt.Errorf("-readme=%s: it has no lines <!-- %s --> and <!-- /%s -->", p.readme, g.name, g.name)
	}
	text := bytes.Join([][]byte{before, from, []byte(g.markdown(p)), to, after}, nil)
	if err := os.WriteFile(p.readme, text, 0o644); err != nil {
		return fmt.Errorf("-readme: %w", err)
	}
	return nil
}

func (g page) markdown(p plan) string {
	var b strings.Builder
	b.WriteString(g.signed)
	for _, t := range g.tables {
		fmt.Fprintf(&b, "\n%s", t.Markdown())
	}
	for _, name := range g.pictures {
		if p.pictures != "" {
			fmt.Fprintf(&b, "\n![%s](%s/%s.svg)\n", name, p.pictures, name)
		}
	}
	return b.String()
}

// signed tells what the figures mean nothing without.
func (p plan) signed(started time.Time, redis string) string {
	return fmt.Sprintf("%s; rounds: %d, of %v after %v of warm-up. Figures are medians of the rounds.\n",
		figures.Setting("go run .", p.args, started, redis), p.rounds, p.time, p.warmUp)
}

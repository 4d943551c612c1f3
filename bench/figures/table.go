package figures

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is printed twice, for the terminal and for README.md.
type Table struct {
	Headings []string
	Left     []int // the columns of words; the others are figures
	Rows     [][]string
}

// WriteText writes it for the terminal.
func (t Table) WriteText(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, cells := range append([][]string{t.Headings}, t.Rows...) {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// Markdown is for README.md.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Headings)
	rule := strings.Split(strings.Repeat("--:|", len(t.Headings)-1)+"--:", "|")
	for _, column := range t.Left {
		rule[column] = "---"
	}
	fmt.Fprintf(&b, "|%s|\n", strings.Join(rule, "|"))
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

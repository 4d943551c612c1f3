package figures

import (
	"fmt"
	"html"
	"strings"
)

// The pictures and the plot in them, in pixels.
const (
	width, height = 880.0, 500.0 // of bars, the height is as they need
	left, top     = 70.0, 78.0
	under         = height - 58
)

// palette is of the lines and bars, for a light page and for a dark one: told
// apart by most colour-blind people too.
func palette() (light, dark []string) {
	return []string{"#0060a8", "#2e9bd6", "#00805a", "#5b6ee1", "#111111", "#c2410c", "#a16207", "#b0306a", "#7a7a7a", "#9c8a6a"},
		[]string{"#5aa9f0", "#9ad4ff", "#45c99a", "#a5b0ff", "#ffffff", "#ff8a5c", "#e0b040", "#ff86b8", "#a0a0a0", "#cbb894"}
}

// canvas collects an SVG. Its colours follow what the reader's system prefers,
// light or dark, and it brings its background along, so that it can be read on
// any page.
type canvas struct{ svg strings.Builder }

func newCanvas(height float64, title, words string) *canvas {
	c := &canvas{}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" font-size="13" role="img">`, width, height)
	c.add(`<title>%s</title>`, html.EscapeString(title))
	c.add(`<style>%s@media (prefers-color-scheme: dark){%s}</style>`,
		style("#ffffff", "#222222", "#555555", "#dddddd", 0), style("#0d1117", "#e6edf3", "#9da7b3", "#30363d", 1))
	c.add(`<rect width="%.0f" height="%.0f" class="page"/>`, width, height)
	c.text(left, 26, "head", "start", title)
	c.text(left, 48, "soft", "start", words)
	return c
}

// style is the rules of one scheme.
func style(page, ink, soft, rule string, scheme int) string {
	light, dark := palette()
	colors := [][]string{light, dark}[scheme]
	var b strings.Builder
	fmt.Fprintf(&b, ".page{fill:%s}.ink{fill:%s}.soft{fill:%s}.head{fill:%s;font-size:16px;font-weight:600}.rule{stroke:%s}", page, ink, soft, ink, rule)
	fmt.Fprintf(&b, ".halo{stroke:%s;stroke-width:4px;paint-order:stroke;font-weight:600}", page)
	for i, color := range colors {
		fmt.Fprintf(&b, ".l%d{stroke:%s;fill:none;stroke-width:2.5px;stroke-linejoin:round}.f%d{fill:%s}", i, color, i, color)
	}
	return b.String()
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.svg, format+"\n", args...) }

// text writes words; anchor is start, middle or end.
func (c *canvas) text(x, y float64, class, anchor, words string) {
	c.add(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(words))
}

func (c *canvas) rule(x1, y1, x2, y2 float64) {
	c.add(`<path d="M%.1f %.1fL%.1f %.1f" class="rule"/>`, x1, y1, x2, y2)
}

func (c *canvas) done() string {
	c.add(`</svg>`)
	return c.svg.String()
}

func colorOf(i int) int {
	light, _ := palette()
	return i % len(light)
}

package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Series is a line of a picture.
type Series struct {
	Name   string
	Points []Point
}

// Point is a figure for so many of something; both are above 0.
type Point struct{ X, Y float64 }

// plotRight leaves room for the names.
const plotRight = width - 230

// Lines draws figures on two logarithmic axes, as an SVG. words stands under the
// title, below names the lower axis, unit follows the figures at the left one.
func Lines(title, words, below, unit string, series []Series) string {
	c := newCanvas(height, title, words)
	a := axesOf(series)
	a.draw(c, below, unit)
	type label struct {
		name string
		i    int
		y    float64
	}
	var labels []label
	for i, s := range series {
		if len(s.Points) == 0 {
			continue
		}
		var path []string
		for _, p := range s.Points {
			x, y := a.x(p.X), a.y(p.Y)
			path = append(path, fmt.Sprintf("%.1f %.1f", x, y))
			c.add(`<circle cx="%.1f" cy="%.1f" r="3.5" class="f%d"/>`, x, y, colorOf(i))
		}
		c.add(`<path d="M%s" class="l%d"/>`, strings.Join(path, "L"), colorOf(i))
		labels = append(labels, label{s.Name, i, a.y(s.Points[len(s.Points)-1].Y)})
	}
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.y, b.y) })
	const apart = 16.0
	lowest := under - apart*float64(len(labels)-1)
	for i, l := range labels {
		at := min(l.y, lowest+apart*float64(i)) // not below the plot
		if i > 0 {
			at = max(at, labels[i-1].y+apart) // not upon the one before
		}
		labels[i].y = at
		c.text(plotRight+14, at+4, fmt.Sprintf("f%d halo", colorOf(l.i)), "start", l.name)
	}
	return c.done()
}

// axes are logarithmic, over whole decades upwards and over what there is to the
// right.
type axes struct {
	xs             []float64 // all there are, sorted
	fromX, toX     float64
	fromDec, toDec float64 // of the figures
}

func axesOf(series []Series) axes {
	a := axes{fromDec: math.Inf(1), toDec: math.Inf(-1)}
	for _, s := range series {
		for _, p := range s.Points {
			a.xs = append(a.xs, p.X)
			a.fromDec = min(a.fromDec, math.Floor(2*math.Log10(p.Y))/2)
			a.toDec = max(a.toDec, math.Ceil(2*math.Log10(p.Y))/2)
		}
	}
	if len(a.xs) == 0 {
		a.xs, a.fromDec, a.toDec = []float64{1}, 0, 1
	}
	slices.Sort(a.xs)
	a.xs = slices.Compact(a.xs)
	a.fromX, a.toX = math.Log10(a.xs[0]), math.Log10(a.xs[len(a.xs)-1])
	if a.toX == a.fromX {
		a.toX++
	}
	if a.toDec == a.fromDec {
		a.toDec++
	}
	return a
}

func (a axes) x(v float64) float64 {
	return left + 10 + (plotRight-left-10)*(math.Log10(v)-a.fromX)/(a.toX-a.fromX)
}

func (a axes) y(v float64) float64 {
	return under - (under-top)*(math.Log10(v)-a.fromDec)/(a.toDec-a.fromDec)
}

func (a axes) draw(c *canvas, below, unit string) {
	for decade := math.Floor(a.fromDec); decade <= a.toDec; decade++ {
		for _, n := range []float64{1, 2, 5} {
			v := n * math.Pow(10, decade)
			if l := math.Log10(v); l < a.fromDec-1e-9 || l > a.toDec+1e-9 {
				continue
			}
			c.rule(left, a.y(v), plotRight, a.y(v))
			c.text(left-8, a.y(v)+4, "soft", "end", fmt.Sprintf("%s%s", number(v), unit))
		}
	}
	for _, v := range a.xs {
		c.rule(a.x(v), top, a.x(v), under+5)
		c.text(a.x(v), under+22, "soft", "middle", number(v))
	}
	c.text((left+plotRight)/2, height-12, "soft", "middle", below)
}

// number is 0.5, 20 or 20 000.
func number(v float64) string {
	s := fmt.Sprintf("%g", math.Round(v*1e6)/1e6)
	if v < 10_000 {
		return s
	}
	s = fmt.Sprintf("%.0f", v)
	return s[:len(s)-3] + " " + s[len(s)-3:]
}

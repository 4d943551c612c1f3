package figures

import "fmt"

// Bar is one of a picture, of the parts that its legend names.
type Bar struct {
	Name  string
	Parts []float64
}

// barLeft leaves room for the names of the bars.
const barLeft = 320.0

// Bars draws bars to the right, one under the other, as an SVG; each is as long
// as its parts together. words stands under the title, unit follows the figures.
func Bars(title, words, unit string, legend []string, bars []Bar) string {
	const tall = 28.0
	c := newCanvas(top+30+tall*float64(len(bars)), title, words)
	most := 0.0
	for _, b := range bars {
		most = max(most, b.sum())
	}
	if most == 0 {
		most = 1
	}
	x := barLeft
	for i, name := range legend {
		c.add(`<rect x="%.1f" y="60" width="12" height="12" class="f%d"/>`, x, part(i))
		c.text(x+18, 71, "ink", "start", name)
		x += 34 + 8*float64(len(name))
	}
	const right = width - 90
	for i, b := range bars {
		y := top + 12 + tall*float64(i)
		c.text(barLeft-10, y+tall/2+4, "ink", "end", b.Name)
		x := barLeft
		for j, p := range b.Parts {
			w := (right - barLeft) * p / most
			c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="f%d"/>`, x, y+3, w, tall-6, part(j))
			x += w
		}
		figure := fmt.Sprintf("%.3g%s", b.sum(), unit)
		if b.sum() == 0 {
			figure = "-"
		}
		c.text(x+8, y+tall/2+4, "ink", "start", figure)
	}
	return c.done()
}

// part is the colour of a part: those of the palette that differ most.
func part(i int) int { return []int{0, 5, 2, 6}[i%4] }

func (b Bar) sum() float64 {
	sum := 0.0
	for _, p := range b.Parts {
		sum += p
	}
	return sum
}

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"

	"redlock-proxy/bench/figures"
)

// curve is the waits of one peer, sorted.
type curve struct {
	name  string
	waits []time.Duration
}

// The picture and the plot in it, in pixels.
const (
	width, height           = 820, 488
	left, right, top, under = 58, 796, 80, 430
)

// colors are told apart by most colour-blind people too, and dark enough for
// letters on white.
func colors() []string {
	return []string{"#0060a8", "#2e9bd6", "#c2410c", "#7a3fa0", "#00805a", "#a16207"}
}

// draw gives an SVG: what share of the waits was at most so long, on a
// logarithmic axis of time. Each line is named beside it. The background is
// white, whatever page it stands on.
func draw(title string, curves []curve) string {
	p := plot{}
	p.scale(curves)
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" role="img">`, width, height)
	p.add(`<title>%s</title>`, html.EscapeString(title))
	p.add(`<rect width="%d" height="%d" fill="#fff"/>`, width, height)
	p.add(`<text x="%d" y="26" font-size="16" font-weight="600" fill="#222">%s</text>`, left, html.EscapeString(title))
	for i, words := range []string{
		"Share of the waits that are no longer than the time below. Upright: all wait alike.",
		"Short waits beside long ones: who comes when it happens to be free overtakes those who wait.",
	} {
		p.add(`<text x="%d" y="%d" fill="#555">%s</text>`, left, 46+18*i, words)
	}
	p.axes()
	var lines [][]point
	for i, c := range curves {
		lines = append(lines, p.line(c, colors()[i%len(colors())]))
	}
	var placed []box
	for i, c := range curves {
		b := place(c.name, lines[i], lines, placed)
		placed = append(placed, b)
		p.add(`<text x="%.1f" y="%.1f" fill="%s" font-weight="600" stroke="#fff" stroke-width="4" paint-order="stroke">%s</text>`,
			b.x, b.y+b.h-4, colors()[i%len(colors())], html.EscapeString(c.name))
	}
	p.add(`</svg>`)
	return p.svg.String()
}

type plot struct {
	svg      strings.Builder
	from, to float64 // the decades shown, as powers of ten of a millisecond
}

type point struct{ x, y float64 }

func (p *plot) add(format string, args ...any) { fmt.Fprintf(&p.svg, format+"\n", args...) }

// scale shows whole decades, from that of the shortest time drawn.
func (p *plot) scale(curves []curve) {
	p.from, p.to = 0, 1
	for i, c := range curves {
		if len(c.waits) == 0 {
			continue
		}
		lo := math.Floor(decade(figures.Percentile(c.waits, 1)))
		hi := math.Ceil(decade(figures.Percentile(c.waits, 100)))
		if i == 0 {
			p.from, p.to = lo, hi
		}
		p.from, p.to = min(p.from, lo), max(p.to, hi)
	}
}

// decade is a time as a power of ten of a millisecond.
func decade(d time.Duration) float64 {
	return math.Log10(max(float64(d), float64(time.Microsecond)) / float64(time.Millisecond))
}

func (p *plot) x(d time.Duration) float64 {
	return left + (right-left)*(min(max(decade(d), p.from), p.to)-p.from)/(p.to-p.from)
}

func y(percent float64) float64 { return under - (under-top)*percent/100 }

func (p *plot) axes() {
	for percent := 0.0; percent <= 100; percent += 25 {
		p.add(`<path d="M%d %.1fH%d" stroke="#ddd"/>`, left, y(percent), right)
		p.add(`<text x="%d" y="%.1f" text-anchor="end" fill="#555">%.0f %%</text>`, left-8, y(percent)+4, percent)
	}
	for e := p.from; e <= p.to; e++ {
		tenth := time.Duration(math.Round(math.Pow(10, e) * float64(time.Millisecond)))
		p.add(`<path d="M%.1f %dV%d" stroke="#bbb"/>`, p.x(tenth), top, under+5)
		p.add(`<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>`, p.x(tenth), under+22, tick(tenth))
		for n := time.Duration(2); n <= 9 && e < p.to; n++ {
			p.add(`<path d="M%.1f %dV%d" stroke="#eee"/>`, p.x(n*tenth), top, under)
		}
	}
	p.add(`<text x="%d" y="%d" text-anchor="middle" fill="#555">waiting time, logarithmic</text>`, (left+right)/2, height-12)
}

// tick writes 10 ms and 1 s, as figures are written elsewhere.
func tick(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%g ms", float64(d)/float64(time.Millisecond))
}

// line draws a curve by its half percents, which is finer than can be seen and
// keeps the raw data out.
func (p *plot) line(c curve, color string) []point {
	if len(c.waits) == 0 {
		return nil
	}
	var points []point
	var path []string
	for half := range 201 {
		i := (len(c.waits) - 1) * half / 200
		at := point{p.x(c.waits[i]), y(float64(half) / 2)}
		points = append(points, at)
		path = append(path, fmt.Sprintf("%.1f %.1f", at.x, at.y))
	}
	p.add(`<path d="M%s" fill="none" stroke="%s" stroke-width="2.5" stroke-linejoin="round"/>`, strings.Join(path, "L"), color)
	return points
}

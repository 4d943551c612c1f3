package main

import "math"

// box is where a name stands.
type box struct{ x, y, w, h float64 }

func (b box) overlaps(o box) bool {
	return b.x < o.x+o.w && o.x < b.x+b.w && b.y < o.y+o.h && o.y < b.y+b.h
}

func (b box) has(p point) bool {
	return p.x > b.x && p.x < b.x+b.w && p.y > b.y && p.y < b.y+b.h
}

// gap is between a line and its name.
const gap = 9.0

// place finds where beside its own line a name covers least of what else there
// is: it tries all sides of many points.
func place(name string, own []point, lines [][]point, placed []box) box {
	const letter, line = 7.9, 18.0 // of the font, generously
	w := letter * float64(len(name))
	best, least := box{left, top, w, line}, math.Inf(1)
	for i := 4; i < len(own)-4; i += 2 {
		p := own[i]
		for _, b := range []box{
			{p.x + gap, p.y - line/2, w, line},
			{p.x - gap - w, p.y - line/2, w, line},
			{p.x + gap, p.y, w, line}, // beside a line that rises slowly
			{p.x - gap - w, p.y - line, w, line},
			{p.x - w/2, p.y - gap - line, w, line},
			{p.x - w/2, p.y + gap, w, line},
		} {
			if cost := b.cost(own, lines, placed); cost < least {
				best, least = b, cost
			}
		}
	}
	return best
}

// cost is of looks only: outside is worst, then another name, then lines.
func (b box) cost(own []point, lines [][]point, placed []box) float64 {
	cost := 0.0
	if b.x < left || b.x+b.w > right || b.y < top || b.y+b.h > under {
		cost += 10_000
	}
	for _, o := range placed {
		if b.overlaps(o) {
			cost += 1000
		}
	}
	for _, l := range lines {
		air := gap + 3 // no other line runs between a name and its own
		if len(l) > 0 && &l[0] == &own[0] {
			air = gap / 2
		}
		airy := box{b.x - air, b.y - air, b.w + 2*air, b.h + 2*air}
		for i := 1; i < len(l); i++ {
			cost += airy.covers(l[i-1], l[i])
		}
	}
	return cost
}

// covers counts the pixels of a piece of a line in the box.
func (b box) covers(from, to point) float64 {
	steps := math.Ceil(math.Hypot(to.x-from.x, to.y-from.y))
	count := 0.0
	for i := range int(steps) {
		share := float64(i) / steps
		if b.has(point{from.x + share*(to.x-from.x), from.y + share*(to.y-from.y)}) {
			count++
		}
	}
	return count
}

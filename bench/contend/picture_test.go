package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// crowded are curves that cross, run side by side, or stand upright.
func crowded() []curve {
	spread := func(name string, from, to float64) curve { // milliseconds
		c := curve{name: name}
		for i := range 1000 {
			ms := from * math.Pow(to/from, float64(i)/999)
			c.waits = append(c.waits, time.Duration(ms*float64(time.Millisecond)))
		}
		return c
	}
	return []curve{
		spread("proxy, a connection each", 50, 54), spread("proxy, one shared connection", 51, 56),
		spread("redsync", 0.4, 2000), spread("node-redlock", 0.5, 3000),
		spread("a < b & c", 1, 100), spread("bsm/redislock", 0.1, 5000),
	}
}

func TestPictureIsAnSVG(t *testing.T) {
	svg := draw("a < b", crowded())
	words := ""
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if text, ok := token.(xml.CharData); ok {
			words += string(text)
		}
	}
	for _, want := range []string{"a < b & c", "redsync", "0.1 ms", "10 ms", "10 s", "100 %"} {
		if !strings.Contains(words, want) {
			t.Errorf("got the words\n%s\nwithout %s", words, want)
		}
	}
	if strings.Contains(words, "0.01 ms") || strings.Contains(words, "100 s") {
		t.Errorf("got decades in which there is nothing:\n%s", words)
	}
	if !strings.Contains(svg, `fill="#fff"`) {
		t.Error("it has no background")
	}
	if len(svg) > 30_000 {
		t.Errorf("got %d bytes: that is raw data", len(svg))
	}
}

func TestNamesCoverLittle(t *testing.T) {
	p := plot{}
	p.scale(crowded())
	var lines [][]point
	for _, c := range crowded() {
		lines = append(lines, p.line(c, "#000"))
	}
	var placed []box
	for i, c := range crowded() {
		b := place(c.name, lines[i], lines, placed)
		if cost := b.cost(lines[i], lines, placed); cost > 40 { // pixels of lines close by; a name counts more
			t.Errorf("%s at %v: covers %v of other names and lines, want at most 40", c.name, b, cost)
		}
		placed = append(placed, b)
	}
}

// Nobody got the lock, or all at once: still a picture.
func TestPictureOfLittle(t *testing.T) {
	same := []time.Duration{time.Millisecond, time.Millisecond}
	for _, curves := range [][]curve{nil, {{name: "none"}}, {{name: "none"}, {"same", same}}} {
		if svg := draw("t", curves); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("got %s", svg)
		}
	}
}

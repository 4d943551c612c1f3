package figures

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// wellFormed reads a picture as a browser does.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

func TestLines(t *testing.T) {
	svg := Lines("Pairs & more", "more is better", "callers", "/s", []Series{
		{"one", []Point{{1, 10}, {100, 1000}}}, {"two", []Point{{1, 10}, {100, 1000}}}, {"absent", nil}})
	wellFormed(t, svg)
	for _, want := range []string{
		"prefers-color-scheme: dark", "Pairs &amp; more",
		`<path d="M80.0 442.0L650.0 78.0" class="l0"/>`, // from corner to corner
		`<text x="664.0" y="82.0" class="f0 halo" text-anchor="start">one</text>`,
		`<text x="664.0" y="98.0" class="f1 halo" text-anchor="start">two</text>`, // not upon the other
		">1000/s<", ">100<",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("got\n%s\nwithout %s", svg, want)
		}
	}
	if strings.Contains(svg, "absent") || strings.Contains(svg, "NaN") {
		t.Errorf("got a line without points, or no numbers:\n%s", svg)
	}
	wellFormed(t, Lines("nothing", "", "", "", nil))
}

func TestBars(t *testing.T) {
	svg := Bars("Time", "less is better", " s", []string{"nodes", "client"}, []Bar{{"a", []float64{3, 1}}, {"b", []float64{0, 2}}, {"c", nil}})
	wellFormed(t, svg)
	for _, want := range []string{
		">4 s<", ">2 s<", ">-<", ">client<", "prefers-color-scheme: dark",
		`x="320.0" y="93.0" width="352.5"`, `x="672.5" y="93.0" width="117.5"`, // one behind the other
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("got\n%s\nwithout %s", svg, want)
		}
	}
	wellFormed(t, Bars("nothing", "", "", nil, nil))
}

func TestNumber(t *testing.T) {
	for want, v := range map[string]float64{"0.05": 0.05, "200": 200, "5000": 5000, "20 000": 20_000} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

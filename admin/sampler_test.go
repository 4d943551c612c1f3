package admin

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"redlock-proxy/redlock"
)

// worst gives a sampler of a proxy with as many nodes as there can be, the names
// of which take most room, and counts how often it looks.
func worst(t *testing.T) (p *sampler, looks *int) {
	t.Helper()
	rendering, err := pageTemplate()
	if err != nil {
		t.Fatal(err)
	}
	long := shown(strings.Repeat(`"`, 1<<20))
	looks = new(int)
	return &sampler{template: rendering, logger: slog.New(slog.DiscardHandler), take: func() view {
		*looks++
		v := view{State: long}
		for range mostListed {
			v.Contended = append(v.Contended, redlock.Contended{Resource: long, Waiting: 1e6})
			v.Refused = append(v.Refused, redlock.Refused{Resource: long, Times: 1e6})
			v.Held = append(v.Held, heldView{long, "10000h59m59s", "10000h59m59s"})
		}
		return v
	}, stats: func() redlock.Stats {
		counts := redlock.Histogram{Bounds: []float64{60}, Counts: []uint64{0, uint64(*looks)}, Sum: float64(*looks) * 100}
		s := redlock.Stats{GrantTime: counts}
		for range 31 {
			s.Nodes = append(s.Nodes, redlock.NodeStats{Latency: counts, NodeState: redlock.NodeState{
				Name: long, State: redlock.StateQuarantined, Why: errors.New(long), Until: time.Now().Add(10000 * time.Hour),
			}})
		}
		return s
	}}, looks
}

func TestTheLargestMessageIsSent(t *testing.T) {
	t.Parallel()
	p, _ := worst(t)
	var last looked
	for range samplesKept + 5 {
		last = p.look()
		for i := range p.samples { // time goes by, and the rendering takes some
			p.samples[i].at = p.samples[i].at.Add(-sampleEvery * 9 / 10)
		}
	}
	if len(p.samples) != samplesKept {
		t.Errorf("%d samples are kept, want %d", len(p.samples), samplesKept)
	}
	if points := strings.Count(last.view.Nodes[30].Points, ","); points != samplesKept-1 {
		t.Errorf("%d points are drawn, want %d", points, samplesKept-1)
	}
	// It is the one of the last look: a larger one would have been left out.
	if n := len(last.message); n < maxMessage/2 || !strings.Contains(last.message, last.view.Nodes[30].Points) {
		t.Errorf("the message has %d bytes and is not of the last look", n)
	}
}

func TestViewersShareALook(t *testing.T) {
	t.Parallel()
	p, looks := worst(t)
	for range 100 {
		p.look()
	}
	if *looks != 1 {
		t.Errorf("the proxy was looked at %d times within a moment, want once", *looks)
	}
	p.samples[0].at = time.Now().Add(-2 * samplesKept * sampleEvery)
	p.look()
	if *looks != 2 || len(p.samples) != 1 {
		t.Errorf("after a while there were %d looks and %d samples, want 2 and only the new one", *looks, len(p.samples))
	}
}

func TestShownIsReadableAndShort(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"orders:17": "orders:17", "größe 好": "größe 好", "a\nb": `a\nb`, "\xff": `\xff`, "a\u202eb": `a\u202eb`,
		strings.Repeat("x", maxShown):          strings.Repeat("x", maxShown),
		strings.Repeat("好", maxShown+1):        strings.Repeat("好", maxShown) + "…",
		strings.Repeat("\U000e0001", maxShown): strings.Repeat(`\U000e0001`, maxShown)[:maxShown] + "…",
	} {
		if got := shown(name); got != want {
			t.Errorf("shown(%q) is %q, want %q", name, got, want)
		}
	}
}

package admin

import (
	"html/template"
	"log/slog"
	"strings"
	"sync"
	"time"

	"redlock-proxy/redlock"
)

const (
	sampleEvery = time.Second
	// samplesKept go back a minute: what rates and quantiles are of.
	samplesKept = 61
	mostListed  = 10 // resources of each kind
)

// sampler looks at the proxy for all viewers together. It has no goroutine: the
// first viewer who asks when the last look is old looks, for the others too, and
// when nobody asks nothing is done.
type sampler struct {
	take     func() view // a look without what needs earlier ones
	stats    func() redlock.Stats
	template *template.Template
	logger   *slog.Logger

	mu      sync.Mutex
	samples []sample // by age, at most samplesKept
	latest  looked
}

// looked is what all viewers get of one look.
type looked struct {
	view    view
	message string // view as an event
}

// sample is what of a look later ones are compared with.
type sample struct {
	at      time.Time
	granted uint64
	grants  redlock.Histogram
	nodes   []nodeSample
}

// nodeSample adds up the round trips to a node.
type nodeSample struct {
	count uint64
	sum   float64 // seconds
}

// look gives the last look, or looks if that is a second old.
func (p *sampler) look() looked {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A little less than between two ticks, which do not come on the dot.
	if n := len(p.samples); n > 0 && time.Since(p.samples[n-1].at) < sampleEvery*9/10 {
		return p.latest
	}
	stats := p.stats()
	p.add(sampleOf(stats))
	v := p.take()
	v.locks(stats, p.samples)
	v.nodes(stats.Nodes, p.samples)
	p.latest.view = v
	var text strings.Builder
	if err := p.template.ExecuteTemplate(&text, "view", v); err != nil {
		p.logger.Error("can not render the page of the admin address", "err", err)
		return p.latest
	}
	if m := message(text.String()); len(m) <= maxMessage {
		p.latest.message = m
	} else {
		p.logger.Error("the page of the admin address is too large to be sent", "bytes", len(m), "most", maxMessage)
	}
	return p.latest
}

func sampleOf(s redlock.Stats) sample {
	n := sample{at: time.Now(), granted: s.Locks[redlock.OutcomeGranted], grants: s.GrantTime}
	for _, node := range s.Nodes {
		n.nodes = append(n.nodes, nodeSample{node.Latency.Count(), node.Latency.Sum})
	}
	return n
}

// add drops what is older than the window: when somebody looks again after a
// while, rates are not of all that time.
func (p *sampler) add(s sample) {
	for len(p.samples) > 0 && (len(p.samples) >= samplesKept || s.at.Sub(p.samples[0].at) > samplesKept*sampleEvery) {
		p.samples = p.samples[1:]
	}
	p.samples = append(p.samples, s)
}

// since is what was counted after an earlier snapshot.
func since(now, before redlock.Histogram) redlock.Histogram {
	d := redlock.Histogram{Bounds: now.Bounds, Counts: make([]uint64, len(now.Counts)), Sum: now.Sum - before.Sum}
	for i := range now.Counts {
		d.Counts[i] = now.Counts[i] - before.Counts[i]
	}
	return d
}

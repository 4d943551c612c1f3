package commands

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// counter only ever grows, as a counter of Prometheus must; CONFIG RESETSTAT moves
// what INFO counts from.
type counter struct{ all, before atomic.Int64 }

func (c *counter) add(n int64) { c.all.Add(n) }

// total is since the start.
func (c *counter) total() int64 { return c.all.Load() }

// shown is since CONFIG RESETSTAT.
func (c *counter) shown() int64 {
	before := c.before.Load() // first, as it may be moved meanwhile
	return c.all.Load() - before
}

func (c *counter) reset() { c.before.Store(c.all.Load()) }

// counts are those of one command, as in INFO commandstats.
type counts struct {
	calls    counter
	nanos    counter // from the start of a call to its answer
	rejected counter // refused by the gate
	failed   counter // answered with an error
}

// stats are those of the whole table.
type stats struct {
	processed     counter
	errors        counter
	deniedAuth    counter
	deniedCommand counter
	deniedKey     counter

	mu      sync.Mutex
	byCode  map[string]int64 // error replies; the codes are all of errors.go
	before  map[string]int64 // byCode at the last CONFIG RESETSTAT
	byLimit map[string]int64
	rate    rate
}

// rate is how much is done in a second, between two looks that are at least a
// second apart. Nobody looks: nothing is done for it.
type rate struct {
	since  time.Time
	total  int64
	second float64
}

// perSecond works the rate out at a look.
func (r *rate) perSecond(total int64, now time.Time) int64 {
	if elapsed := now.Sub(r.since); elapsed >= time.Second {
		if !r.since.IsZero() {
			r.second = float64(total-r.total) / elapsed.Seconds()
		}
		r.since, r.total = now, total
	}
	return int64(r.second)
}

// count notes an answer.
func (t *Table) count(c *Call, r Reply) {
	e, failed := r.(Error)
	if failed {
		t.stats.errors.add(1)
		t.stats.noteError(e)
	}
	if c.row == nil {
		return
	}
	if c.rejected {
		c.row.counts.rejected.add(1)
		return
	}
	took := time.Since(c.began)
	t.stats.processed.add(1)
	c.row.counts.calls.add(1)
	c.row.counts.nanos.add(int64(took))
	if failed {
		c.row.counts.failed.add(1)
	}
	if took >= slowFrom {
		t.slow.add(c, took)
	}
}

func (s *stats) noteError(e Error) {
	code, _, _ := strings.Cut(string(e), " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byCode == nil {
		s.byCode, s.byLimit = map[string]int64{}, map[string]int64{}
	}
	s.byCode[code]++
	if code == codeLimit {
		s.byLimit[limitOf(e)]++
	}
}

// errorCounts lists those since CONFIG RESETSTAT by code.
func (s *stats) errorCounts() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := map[string]int64{}
	for code, n := range s.byCode {
		if n -= s.before[code]; n > 0 {
			shown[code] = n
		}
	}
	return shown
}

func (s *stats) opsPerSecond() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rate.perSecond(s.processed.total(), time.Now())
}

// resetStats is CONFIG RESETSTAT.
func (t *Table) resetStats() {
	for _, r := range t.sorted(true) {
		for _, n := range []*counter{&r.counts.calls, &r.counts.nanos, &r.counts.rejected, &r.counts.failed} {
			n.reset()
		}
	}
	s := &t.stats
	for _, n := range []*counter{&s.processed, &s.errors, &s.deniedAuth, &s.deniedCommand, &s.deniedKey} {
		n.reset()
	}
	s.mu.Lock()
	s.before, s.rate = maps.Clone(s.byCode), rate{}
	s.mu.Unlock()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package commands

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// counts are those of one command, as in INFO commandstats.
type counts struct {
	calls    atomic.Int64
	nanos    atomic.Int64 // from the start of a call to its answer
	rejected atomic.Int64 // refused by the gate
	failed   atomic.Int64 // answered with an error
}

// stats are those of the whole table.
type stats struct {
	processed     atomic.Int64
	errors        atomic.Int64
	deniedAuth    atomic.Int64
	deniedCommand atomic.Int64
	deniedKey     atomic.Int64

	mu      sync.Mutex
	byCode  map[string]int64 // error replies; the codes are all of errors.go
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
		t.stats.errors.Add(1)
		t.stats.noteError(e)
	}
	if c.row == nil {
		return
	}
	if c.rejected {
		c.row.counts.rejected.Add(1)
		return
	}
	took := time.Since(c.began)
	t.stats.processed.Add(1)
	c.row.counts.calls.Add(1)
	c.row.counts.nanos.Add(int64(took))
	if failed {
		c.row.counts.failed.Add(1)
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

// errorCounts lists them by code.
func (s *stats) errorCounts() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.byCode)
}

func (s *stats) opsPerSecond() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rate.perSecond(s.processed.Load(), time.Now())
}

// resetStats is CONFIG RESETSTAT.
func (t *Table) resetStats() {
	for _, r := range t.sorted(true) {
		for _, n := range []*atomic.Int64{&r.counts.calls, &r.counts.nanos, &r.counts.rejected, &r.counts.failed} {
			n.Store(0)
		}
	}
	s := &t.stats
	for _, n := range []*atomic.Int64{&s.processed, &s.errors, &s.deniedAuth, &s.deniedCommand, &s.deniedKey} {
		n.Store(0)
	}
	s.mu.Lock()
	s.byCode, s.byLimit, s.rate = nil, nil, rate{}
	s.mu.Unlock()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

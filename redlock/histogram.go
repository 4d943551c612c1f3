package redlock

import (
	"sync/atomic"
	"time"
)

// Histogram is how often values came that were not larger than each bound.
type Histogram struct {
	// Bounds are the largest value of each bucket, in seconds unless the field
	// that it is in says otherwise.
	Bounds []float64
	// Counts has one more than Bounds: what was larger than all of them. Each
	// counts only its own bucket.
	Counts []uint64
	// Sum of all values.
	Sum float64
}

// Count is how many values there were.
func (h Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile is the value that a share of all, from 0 to 1, does not exceed, as
// if values lay evenly within a bucket. Beyond the last bound it is that bound;
// it is 0 when nothing was counted.
func (h Histogram) Quantile(share float64) float64 {
	rank, before := share*float64(h.Count()), 0.0
	low := 0.0
	for i, high := range h.Bounds {
		n := float64(h.Counts[i])
		if n > 0 && before+n >= rank {
			return low + (high-low)*max(rank-before, 0)/n
		}
		before, low = before+n, high
	}
	if before == 0 && h.Count() == 0 {
		return 0
	}
	return low
}

// histogram counts without a lock and without allocating.
type histogram struct {
	bounds []int64 // in units
	counts []atomic.Uint64
	sum    atomic.Int64 // in units
	units  float64      // in one of the snapshot
}

func newHistogram(units float64, bounds []int64) histogram {
	return histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1), units: units}
}

func (h *histogram) add(value int64) {
	i := 0
	for i < len(h.bounds) && value > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(value)
}

func (h *histogram) snapshot() Histogram {
	s := Histogram{
		Bounds: make([]float64, len(h.bounds)),
		Counts: make([]uint64, len(h.counts)),
		Sum:    float64(h.sum.Load()) / h.units,
	}
	for i, b := range h.bounds {
		s.Bounds[i] = float64(b) / h.units
	}
	for i := range h.counts {
		s.Counts[i] = h.counts[i].Load()
	}
	return s
}

// timings counts in microseconds, from a node beside us to the longest wait
// that is usual. A sum in nanoseconds would overflow within years.
func newTimings() timings {
	return timings{newHistogram(1e6, []int64{
		100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
		1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
	})}
}

type timings struct{ histogram }

func (t *timings) add(d time.Duration) { t.histogram.add(d.Microseconds()) }

// validities counts in milliseconds: a busy proxy that grants long ttls adds up
// centuries in a day.
func newValidities() validities {
	return validities{newHistogram(1e3, []int64{
		10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
	})}
}

type validities struct{ histogram }

func (v *validities) add(d time.Duration) { v.histogram.add(d.Milliseconds()) }

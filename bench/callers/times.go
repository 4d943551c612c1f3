package callers

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest time that is told from longer ones.
const longest = time.Minute

// Times is a histogram of times of a microsecond to a minute, exact to a
// thousandth.
type Times struct{ counts *hdrhistogram.Histogram }

// NewTimes gives an empty one.
func NewTimes() *Times {
	return &Times{hdrhistogram.New(1, longest.Microseconds(), 3)}
}

// Record counts a time.
func (t *Times) Record(d time.Duration) { t.record(d.Microseconds(), 1) }

func (t *Times) record(us, times int64) {
	// It fails for a time out of range only, and there is none left.
	_ = t.counts.RecordValues(min(max(us, 1), longest.Microseconds()), times)
}

// Merge adds what another has counted.
func (t *Times) Merge(o *Times) { t.counts.Merge(o.counts) }

// Count is how many times there are.
func (t *Times) Count() int { return int(t.counts.TotalCount()) }

// Percentile is the time that so many percent do not exceed, 0 when there are
// no times.
func (t *Times) Percentile(percent float64) time.Duration {
	return time.Duration(t.counts.ValueAtQuantile(percent)) * time.Microsecond
}

// MarshalJSON gives pairs of microseconds and how often they were counted.
func (t *Times) MarshalJSON() ([]byte, error) {
	pairs := [][2]int64{}
	for _, bar := range t.counts.Distribution() {
		if bar.Count > 0 {
			pairs = append(pairs, [2]int64{bar.To, bar.Count})
		}
	}
	return json.Marshal(pairs)
}

// UnmarshalJSON reads what MarshalJSON or callers.mjs writes.
func (t *Times) UnmarshalJSON(text []byte) error {
	var pairs [][2]int64
	if err := json.Unmarshal(text, &pairs); err != nil {
		return fmt.Errorf("read a histogram: %w", err)
	}
	*t = *NewTimes()
	for _, pair := range pairs {
		t.record(pair[0], pair[1])
	}
	return nil
}

package figures

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1)*time.Millisecond)
	}
	for _, tt := range []struct {
		of            []time.Duration
		percent, want int
	}{
		{sorted, 50, 100},
		{sorted, 99, 198},
		{sorted[:1], 50, 1},
		{sorted[:1], 99, 1},
		{nil, 50, 0},
	} {
		if got := Percentile(tt.of, tt.percent); got != time.Duration(tt.want)*time.Millisecond {
			t.Errorf("%d%% of %d: got %v, want %dms", tt.percent, len(tt.of), got, tt.want)
		}
	}
}

package figures

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Percentile of sorted times: the least that so many percent do not exceed.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1].Round(time.Microsecond)
}

// Median sorts values; of an even number it is the larger of the two in the
// middle.
func Median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// Milliseconds is how all times are printed.
func Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

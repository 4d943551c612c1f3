package redlock

import (
	"time"

	"golang.org/x/sys/unix"
)

// systemAsleep is how long this machine has been suspended since it started.
// Go's monotonic clock is CLOCK_MONOTONIC, which stands still meanwhile;
// CLOCK_BOOTTIME does not (clock_gettime(2)).
func systemAsleep() time.Duration {
	best, asleep := time.Hour, time.Duration(0)
	for range 5 {
		var first, boot, second unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &first) != nil ||
			unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil ||
			unix.ClockGettime(unix.CLOCK_MONOTONIC, &second) != nil {
			return 0
		}
		took := time.Duration(second.Nano() - first.Nano())
		if took < best {
			best, asleep = took, time.Duration(boot.Nano()-second.Nano())
		}
		if took < 20*time.Microsecond { // else the thread was kept from running between them
			break
		}
	}
	return max(0, asleep)
}

package holding

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now is the time since the machine started, by a clock that nobody sets and
// that goes on while the machine is suspended, as the ttl at the nodes does.
func Now() time.Duration {
	var boot unix.Timespec
	// It fails only for a clock that the kernel does not have, and CLOCK_BOOTTIME
	// is in every kernel that Go runs on.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot)
	return time.Duration(boot.Nano())
}

//go:build !linux

package holding

import "time"

// Now is the time since some moment, by the wall clock: the monotonic clock may
// stand still while the machine is suspended, and that would be unsafe. So a
// clock that is set forward ends a lock early, and one set back makes it unsafe.
func Now() time.Duration { return time.Duration(time.Now().UnixNano()) }

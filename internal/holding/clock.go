package holding

import (
	"context"
	"time"
)

// beat is how often a wait looks at the clock. Go's timers stand still while
// the machine is suspended, so a long one would end that much too late.
const beat = 50 * time.Millisecond

// sleepUntil waits for a moment of Now, or for the end of ctx, which it returns.
func sleepUntil(ctx context.Context, moment time.Duration) error {
	for {
		left := moment - Now()
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, beat)):
		}
	}
}

package holding

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// releaseLimit bounds the attempts to release. What is not released ends with
// its ttl, so there is little to gain by more.
const releaseLimit = 3 * time.Second

// Release gives the lock back. Keep must have returned. ErrLost: it was not held
// any more; ErrUnavailable, after some seconds: it ends with its ttl.
func (h *Held) Release() error {
	defer h.proxies.close()
	over := Now() >= h.Until()
	if err := h.unlock(); over || errors.Is(err, ErrLost) {
		return ErrLost
	} else if err != nil {
		return fmt.Errorf("not released, it ends with its ttl: %w", err)
	}
	return nil
}

// unlock asks one proxy after the other, each once, and on until the lock would
// have ended by itself.
func (h *Held) unlock() error {
	ctx, cancel := context.WithTimeout(context.Background(), releaseLimit)
	defer cancel()
	for failures := 0; ; {
		reply, err := h.proxies.do(ctx, min(h.options.patience(), releaseLimit/2), "UNLOCK", h.resource, h.token)
		if err == nil {
			// After a question without an answer, 0 may mean that it was released
			// by that one.
			if released, _ := reply.(int64); released == 0 && failures == 0 {
				return ErrLost
			}
			return nil
		}
		failures++
		if failures%len(h.proxies.all) == 0 && (Now() >= h.Until() || errors.Is(err, ErrRefused)) {
			return err
		}
		if h.another(ctx, failures, err) != nil {
			return err
		}
	}
}

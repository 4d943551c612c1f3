package holding

import (
	"context"
	"errors"
)

// Lost is closed when the lock is known to be lost before its validity ends, as
// when somebody deleted it from the nodes.
func (h *Held) Lost() <-chan struct{} { return h.lost }

// Keep extends the lock until ctx ends or the lock is lost. An extension that
// fails changes nothing: what was granted before still stands until Until.
func (h *Held) Keep(ctx context.Context) {
	for failures := 0; ; {
		if failures == 0 && sleepUntil(ctx, h.extended+h.options.period()) != nil {
			return
		}
		err := h.extend(ctx)
		switch {
		case err == nil:
			failures = 0
			continue
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLost):
			close(h.lost)
			return
		}
		failures++
		if h.another(ctx, failures, err) != nil {
			return
		}
	}
}

// extend asks once, of one proxy. ErrLost: the lock is no longer held.
func (h *Held) extend(ctx context.Context) error {
	sent := Now()
	reply, err := h.proxies.do(ctx, h.options.patience(), "EXTEND", h.resource, h.token, h.options.TTL.Milliseconds())
	if err != nil {
		return err
	}
	validity, _ := reply.(int64)
	if validity <= 0 {
		return ErrLost
	}
	h.granted(sent, validity)
	return nil
}

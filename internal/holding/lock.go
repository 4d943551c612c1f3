package holding

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Held is a lock that is held.
type Held struct {
	// Fence is greater than that of every holder before.
	Fence int64

	options  Options
	proxies  *proxies
	resource string
	token    string
	until    atomic.Int64 // of Now
	extended time.Duration
	lost     chan struct{}
	unsure   bool // a question was left without an answer
	told     bool
}

// longestAsk is how long one question may wait at a proxy: one that stands still
// is noticed after that. Asking again keeps the place in the queue.
const longestAsk = 5 * time.Second

// Lock waits for the lock as the options say. Errors are ErrHeld,
// ErrUnavailable and ErrRefused, and that of ctx; nothing is held then, or at
// most for a ttl when no proxy could be told to release it.
func Lock(ctx context.Context, o Options) (*Held, error) {
	h := &Held{options: o, resource: o.Resource, proxies: &proxies{all: o.Proxies}}
	began := Now()
	for {
		// A token names one acquisition; when that has lapsed it is of no use.
		h.token, h.unsure, h.lost = rand.Text(), false, make(chan struct{})
		h.until.Store(0)
		err := h.acquire(ctx, began)
		if err == nil {
			err = h.confirm(ctx)
		}
		if err == nil {
			return h, nil
		}
		if h.unsure {
			_ = h.unlock() // what can not be released ends with its ttl
		}
		if !errors.Is(err, ErrLost) {
			h.proxies.close()
			return nil, err
		}
	}
}

// acquire asks until the lock is granted or the wait is over.
func (h *Held) acquire(ctx context.Context, began time.Duration) error {
	for failures := 0; ; {
		wait, over := h.left(began)
		asked := Now()
		err := h.ask(ctx, wait)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			h.unsure = true // the question may have arrived
			return ctx.Err()
		case errors.Is(err, ErrRefused):
			return err
		case errors.Is(err, ErrHeld):
			if over {
				return err
			}
			failures, h.told = 0, false
			// Not so late that the place in the queue is lost, and not as fast as
			// a proxy can refuse that lets nobody wait for long.
			if err := sleepUntil(ctx, asked+beat); err != nil {
				return err
			}
		default:
			if failures++; failures%len(h.proxies.all) == 0 && over {
				return err
			}
			if err := h.another(ctx, failures, err); err != nil {
				return err
			}
		}
	}
}

// left is how long the next question may wait; over: that it is the last.
func (h *Held) left(began time.Duration) (wait time.Duration, over bool) {
	if h.options.Wait == nil {
		return longestAsk, false
	}
	left := began + *h.options.Wait - Now()
	return min(left, longestAsk), left < time.Millisecond
}

// another turns to the next proxy. After a round of failures it pauses, and says
// what is wrong: that one of several proxies is away is for others to notice.
func (h *Held) another(ctx context.Context, failures int, err error) error {
	h.proxies.next()
	if failures%len(h.proxies.all) != 0 {
		return nil
	}
	h.tell(err)
	return sleepUntil(ctx, Now()+h.options.pause())
}

// ask asks once for the lock.
func (h *Held) ask(ctx context.Context, wait time.Duration) error {
	words := []any{"TRYLOCK", h.resource, h.options.TTL.Milliseconds(), "TOKEN", h.token, "FENCE"}
	if wait >= time.Millisecond {
		words[0] = "LOCK"
		words = append(words, "BLOCK", wait.Milliseconds())
	}
	sent := Now()
	reply, err := h.proxies.do(ctx, max(wait, 0)+askPatience, words...)
	if err != nil {
		// NOQUORUM and TOOLATE are undone by the proxy, though perhaps later.
		h.unsure = h.unsure || errors.Is(err, ErrUnavailable)
		return err
	}
	grant, isArray := reply.([]any)
	if !isArray || len(grant) != 3 {
		return fmt.Errorf("%s: %w: not the answer of a redlock-proxy", h.proxies.name(), ErrRefused)
	}
	validity, _ := grant[1].(int64)
	h.Fence, _ = grant[2].(int64)
	h.granted(sent, validity)
	return nil
}

// granted takes in a validity in milliseconds, which counts from when it was
// asked for.
func (h *Held) granted(sent time.Duration, validity int64) {
	h.extended, h.told = sent, false
	h.until.Store(max(h.until.Load(), int64(sent+time.Duration(validity)*time.Millisecond)))
}

// confirm sees to it that enough of the validity is left to begin: a grant that
// came after a wait must not be counted from when it was asked for, and is
// extended at once. ErrLost: it is over already.
func (h *Held) confirm(ctx context.Context) error {
	h.unsure = true
	var err error
	failures := 0
	for limit := Now() + h.options.TTL; ; {
		if h.Until()-Now() > h.options.Reserve+h.options.period() {
			return nil
		}
		if Now() > limit {
			return cmp.Or(err, fmt.Errorf("%w: too little is left of the ttl when the answer of %s is here", ErrUnavailable, h.proxies.name()))
		}
		if err = h.extend(ctx); err == nil {
			continue
		}
		if errors.Is(err, ErrLost) || ctx.Err() != nil {
			return cmp.Or(ctx.Err(), err)
		}
		failures++
		if err := h.another(ctx, failures, err); err != nil {
			return err
		}
	}
}

// Until is the moment of Now at which the lock ends unless it is extended.
func (h *Held) Until() time.Duration { return time.Duration(h.until.Load()) }

// tell says what is wrong, once until something works again. The words of the
// same outage may change, and who waits for its end may wait for long.
func (h *Held) tell(err error) {
	if !h.told {
		h.told = true
		h.options.Tell(err)
	}
}

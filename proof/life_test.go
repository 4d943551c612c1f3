package proof

import (
	"context"
	"math/rand/v2"
	"time"

	"redlock-proxy/proof/history"
)

// life is what one client does in a random run, as its dice say.
type life struct {
	*client
	dice      *rand.Rand
	resources int
}

// live takes locks until the run is over.
func (l *life) live(ctx context.Context) {
	for ctx.Err() == nil {
		l.acquire(ctx)
		l.pause(ctx, time.Millisecond, 30*time.Millisecond)
	}
}

// acquire is one acquisition from beginning to end.
func (l *life) acquire(ctx context.Context) {
	a := l.choose()
	if a.keep {
		defer l.endKept() // as examples do: their connection is not shared
	}
	at := l.line()
	for range 3 {
		held := l.lockOrDie(at, a)
		switch {
		case held.Outcome == history.Yes:
			l.hold(ctx, at, a, held)
			return
		case a.token == "" || ctx.Err() != nil:
			return
		case held.Outcome == history.Unknown && l.chance(50):
			l.release(held)
			return
		case l.chance(30):
			return
		case l.chance(50):
			at = l.line() // it need not be the same proxy that is asked again
		}
	}
}

func (l *life) choose() ask {
	a := ask{
		resource: number("r", l.dice.Uint64N(uint64(l.resources))),
		ttl:      l.between(100*time.Millisecond, 600*time.Millisecond),
		keep:     l.chance(20),
		fence:    l.chance(50),
	}
	if l.chance(70) {
		a.token = number("t", l.dice.Uint64())
	}
	switch {
	case l.chance(40):
		a.wait = []any{"BLOCK", l.between(time.Millisecond, 800*time.Millisecond).Milliseconds()}
	case l.chance(30):
		a.wait = []any{"RETRY", 1 + l.dice.IntN(3)}
	}
	return a
}

// hold is what the holder of a lock does with it.
func (l *life) hold(ctx context.Context, at *line, a ask, held history.Op) {
	for range l.dice.IntN(4) {
		now := held
		switch {
		case l.chance(5): // it dies
			for _, each := range l.lines {
				l.leave(each)
			}
			return
		case l.chance(8): // it oversleeps
			l.pause(ctx, held.Validity, held.Validity+a.ttl/4)
			now = l.extend(l.line(), held, a.ttl)
		case l.chance(40):
			l.pause(ctx, 0, held.Validity/3)
			now = l.extend(l.line(), held, l.between(100*time.Millisecond, 600*time.Millisecond))
		case l.chance(30) && a.token != "" && l.recorder.Now() < held.Call+held.Validity:
			now = l.lock(at, a)
		default:
			l.pause(ctx, 0, held.Validity/3)
		}
		if now.Outcome == history.No {
			return
		}
	}
	if l.chance(90) {
		l.release(held)
	}
}

// release asks again until it knows.
func (l *life) release(held history.Op) {
	for range 4 {
		if l.unlock(l.line(), held).Outcome != history.Unknown {
			return
		}
	}
}

// endKept ends what is left of a lock that was kept, with its connection.
func (l *life) endKept() {
	for _, each := range l.lines {
		if len(each.kept) > 0 {
			l.leave(each)
		}
	}
}

// lockOrDie lets the connection end, once in a while, while the LOCK is under
// way, or just when it is answered.
func (l *life) lockOrDie(at *line, a ask) history.Op {
	if !l.chance(10) {
		return l.lock(at, a)
	}
	cut := make(chan struct{})
	timer := time.AfterFunc(l.between(0, 20*time.Millisecond), func() {
		at.cut()
		close(cut)
	})
	held := l.lock(at, a)
	if !timer.Stop() {
		<-cut
		l.giveUp(at, held.Call)
	}
	return held
}

func (l *life) line() *line { return l.lines[l.dice.IntN(len(l.lines))] }

func (l *life) chance(percent int) bool { return l.dice.IntN(100) < percent }

func (l *life) between(least, most time.Duration) time.Duration {
	return least + time.Duration(l.dice.Int64N(int64(most-least)+1))
}

// pause is time that passes.
func (l *life) pause(ctx context.Context, least, most time.Duration) {
	sleep(ctx, l.between(least, most))
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

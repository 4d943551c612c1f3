package redlock

import (
	"context"
	"errors"
	"sync"
)

// ErrOtherType is the error for a resource whose key is no string, or one of more
// than 1024 bytes, so that it was not taken by a program whose locks can be released
// here.
var ErrOtherType = errors.New("redlock: the key is of another type than a lock")

// ForceUnlock releases whatever holds a resource, at all nodes, without its
// token. Its holder is not asked and may still be at work: only a Hold of it in
// this process ends, as lost. Who waits for the resource, here or elsewhere, is
// woken.
//
// First the nodes are asked what they have, then that is released by its token,
// as by its holder: so that what a node gets late, as it was away, can not release
// a lock that was granted since. What comes between the two is not released.
//
// Errors: ErrNotHeld when a majority answered and nothing was there; a *QuorumError
// when too few nodes answered, and what was found at the others is released;
// ErrOtherType; ErrOverloaded, ErrClosed, an *ArgumentError, or ctx.Err() while the
// release goes on.
func (q *Quorum) ForceUnlock(ctx context.Context, resource string) error {
	_, err := await(ctx, func(done func(struct{}, error)) {
		q.StartForceUnlock(Request{Resource: resource}, func(err error) { done(struct{}{}, err) })
	})
	return err
}

// StartForceUnlock is ForceUnlock without waiting, of r.Resource. It begins behind
// the calls of r.Session; a call of that session that is to come after it has to
// wait for done. That is called once, now or later, from another goroutine; it must
// not block.
func (q *Quorum) StartForceUnlock(r Request, done func(error)) {
	err := q.startSurvey(r, func(s *survey) { s.releaseAll(done) })
	if err != nil {
		done(err)
	}
}

// releaseAll releases all that a survey has found.
func (s *survey) releaseAll(done func(error)) {
	q := s.quorum
	f := &forcing{done: done}
	for _, token := range s.tokens {
		if token == otherType {
			f.other = true
			continue
		}
		f.open++
	}
	if s.result.State == SurveyUnknown {
		f.missing = q.noQuorum(s.answers)
	}
	f.open++ // this function itself
	for _, token := range s.tokens {
		if token == otherType {
			continue
		}
		q.keeper.forced(s.resource, token)
		q.hold()
		q.queue.start(&task{
			quorum: q, request: Request{Resource: s.resource, Token: token},
			op: release, kind: byToken, forced: true,
			done: func(_ Grant, err error) { f.released(err) },
		})
	}
	f.leave()
}

// forcing gathers the outcomes of the releases of one resource: there are several
// when its votes were split.
type forcing struct {
	mu       sync.Mutex
	open     int
	done     func(error)
	missing  error // too few nodes could tell
	other    bool  // a key of another type is there
	deletion bool  // something was released
}

func (f *forcing) released(err error) {
	f.mu.Lock()
	switch {
	case err == nil:
		f.deletion = true
	case !errors.Is(err, ErrNotHeld):
		f.missing = err
	}
	f.mu.Unlock()
	f.leave()
}

// leave counts down; the last one tells the outcome.
func (f *forcing) leave() {
	f.mu.Lock()
	f.open--
	last := f.open == 0
	f.mu.Unlock()
	switch {
	case !last:
	case f.missing != nil:
		f.done(f.missing)
	case f.other:
		f.done(ErrOtherType)
	case f.deletion:
		f.done(nil)
	default:
		f.done(ErrNotHeld)
	}
}

// decideForced is decide for a release without its holder. What it is to release
// may never have had a majority, so every node is waited for; and it stays owed
// where no answer came.
func (k *task) decideForced(b *ballot) bool {
	t := &b.tally
	switch {
	case t.pending() > 0:
		return false
	case t.answered() < t.needed:
		k.err = ErrNoQuorum
	case t.yes == 0:
		k.err = ErrNotHeld
	case k.told:
		k.heard = b.mostNumber()
	}
	if k.err != nil {
		k.answers = b.copyAnswers()
	}
	return true
}

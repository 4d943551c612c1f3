package history

import (
	"fmt"
	"math"
	"time"

	"github.com/anishathalye/porcupine"
)

// Rules are what a run allows.
type Rules struct {
	// NodesForget: nodes are restarted empty, so that a lock can be lost while its
	// validity lasts. Its holder may then hear 0; nobody else may be granted it
	// before the validity is over, or the holder has heard.
	NodesForget bool
}

// never is later than any operation.
const never = time.Duration(math.MaxInt64)

// state is one lock as its clients may know it.
type state struct {
	holder string
	until  time.Duration // the end of what a holder believes, perhaps one before
	lapse  time.Duration // from then on no majority of nodes can have it
	fence  int64         // the greatest granted
	now    time.Duration // the order so far puts the last operation not before it
	excuse time.Duration // a node has forgotten it; who asked until then may be granted it; -1: nobody
}

func (s state) String() string {
	if s.holder == "" {
		return fmt.Sprintf("free, believed until %v, fence %d", s.until, s.fence)
	}
	return fmt.Sprintf("%s until %v, fence %d", s.holder, s.until, s.fence)
}

// free is the lock after its holder has stopped believing at end, or before.
func (s state) free(end time.Duration) state {
	s.holder, s.until, s.lapse = "", min(s.until, end), never
	return s
}

// take is the lock in the hands of another token, by one who asked at call. That
// can not be before what was believed is over, but for the excuse.
func (s state) take(token string, call time.Duration) state {
	if call > s.excuse {
		s.now = max(s.now, s.until)
	}
	s.holder, s.until, s.lapse, s.excuse = token, 0, never, -1
	return s
}

// next lists what the lock can be after an operation; none when it can not have
// been then.
func (r Rules) next(s state, o Op) []state {
	if o.Return < s.now {
		return nil
	}
	switch o.Kind {
	case Lock:
		return lock(s, o)
	case Extend:
		return r.extend(s, o)
	case Unlock:
		return r.unlock(s, o)
	default:
		forgotten := s
		forgotten.excuse = o.Return
		return []state{s, forgotten}
	}
}

func lock(s state, o Op) []state {
	if o.Outcome == No {
		return []state{s} // also when nobody holds it: votes can split
	}
	won := s
	if s.holder != o.Token {
		won = s.take(o.Token, o.Call)
	}
	possible := o.Return >= won.now
	switch {
	case o.Outcome == Unknown && possible:
		return []state{s, won}
	case o.Outcome == Unknown:
		return []state{s}
	case !possible || o.Fence != 0 && o.Fence <= s.fence:
		return nil
	}
	won.until = max(won.until, o.until())
	if o.Lapses && s.holder != o.Token {
		won.lapse = o.Return + o.TTL + clocks(o.TTL)
	} else {
		won.lapse = never
	}
	if o.Fence != 0 {
		won.fence = o.Fence
	}
	return []state{won}
}

// clocks is how much longer a node may take a ttl to be: what the drift is for.
func clocks(ttl time.Duration) time.Duration { return ttl/100 + 2*time.Millisecond }

func (r Rules) extend(s state, o Op) []state {
	mine := s.holder == o.Token
	switch {
	case o.Outcome == Unknown:
		longer := s
		longer.lapse = never
		return []state{s, longer}
	case o.Outcome == No && !mine:
		return []state{s}
	case o.Outcome == No && !r.lost(s, o):
		return nil
	case o.Outcome == No:
		return []state{s.free(o.Return)}
	case !mine || o.Call > s.lapse:
		return nil
	}
	s.until, s.lapse = max(s.until, o.until()), never
	return []state{s}
}

func (r Rules) unlock(s state, o Op) []state {
	switch {
	case s.holder != o.Token && o.Outcome == Yes:
		return nil
	case s.holder != o.Token:
		return []state{s}
	case o.Outcome == No && !r.lost(s, o):
		return nil
	case o.Outcome == Unknown:
		still := s
		still.until = min(s.until, o.Call)
		return []state{still, s.free(o.Call)}
	}
	return []state{s.free(o.Call)}
}

// lost tells whether the lock can be its holder's no longer when o ends.
func (r Rules) lost(s state, o Op) bool { return r.NodesForget || o.Return >= s.until }

// model is a lock for porcupine, which knows no time: the operations bring it.
func (r Rules) model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{lapse: never, excuse: -1}} },
		Step: func(before, input, _ any) []any {
			var after []any
			for _, s := range r.next(before.(state), input.(Op)) {
				after = append(after, s)
			}
			return after
		},
		DescribeOperation: func(input, _ any) string { return input.(Op).String() },
		DescribeState:     func(s any) string { return s.(state).String() },
	}
	return m.ToModel()
}

package redlock

import (
	"math/bits"
	"slices"
	"time"
)

// inspection asks the nodes how long the key of a line will last, after a
// refusal by a holder of whom this process knows nothing. Nobody waits for it.
type inspection struct {
	queue    *queue
	resource string
	asked    time.Time
	lapses   time.Time
}

func (l *line) inspect(f *fanOut) {
	q := l.queue.quorum
	i := &inspection{queue: l.queue, resource: l.resource, asked: time.Now()}
	r := &request{op: inspect, key: q.key(l.resource), made: i.asked, expires: i.asked.Add(q.options.NodeTimeout)}
	r.command = r.inspectCommand()
	r.ballot = newBallot(i, len(q.nodes), q.needed)
	q.hold()
	f.send(q, r)
}

// decide works out when a majority of the nodes will have lost the key.
func (i *inspection) decide(b *ballot) bool {
	t := &b.tally
	if t.yes < t.needed {
		return t.pending() == 0
	}
	var left []int64
	for _, a := range b.answers {
		if a.verdict == yes && a.number != lastsForEver {
			left = append(left, max(a.number, 0))
		}
	}
	if len(left) < t.needed {
		return t.pending() == 0
	}
	slices.Sort(left)
	// Redis rounds to the millisecond, and what it says was true a moment ago.
	i.lapses = time.Now().Add(time.Duration(left[t.needed-1])*time.Millisecond + pttlGrain)
	return true
}

// pttlGrain is what PTTL counts in.
const pttlGrain = time.Millisecond

// lastsForEver is what PTTL says of a key without a ttl, which is no lock.
const lastsForEver = -1

func (i *inspection) settle() {
	if i.lapses.IsZero() {
		return
	}
	i.queue.visit(i.resource, func(l *line, _ *fanOut) {
		l.lapses = i.lapses
		if time.Until(i.lapses) <= pttlGrain {
			// Free, it seems; what can not be had all the same is not asked for in a loop.
			l.lapses = i.lapses.Add(pttlGrain << min(l.free, 12))
			l.free++
		}
		if l.asking == nil && l.places.length > 0 {
			l.sleepUntil(l.lapses)
		}
	})
}

func (i *inspection) complete() { i.queue.quorum.end() }

func ones(set uint32) int { return bits.OnesCount32(set) }

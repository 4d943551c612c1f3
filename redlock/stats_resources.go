package redlock

import (
	"cmp"
	"slices"
	"time"
)

// Contended is a resource that Locks wait for.
type Contended struct {
	Resource string
	Waiting  int
}

// Contended lists the resources that most wait for at this moment, at most so
// many, the most wanted first. It walks through all queues: for people who look,
// not for every request.
func (q *Quorum) Contended(most int) []Contended {
	var all []Contended
	for i := range q.queue.shards {
		s := &q.queue.shards[i]
		s.mu.Lock()
		for _, l := range s.lines {
			if l.places.length > 0 {
				all = append(all, Contended{l.resource, l.places.length})
			}
		}
		s.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b Contended) int {
		return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Clone(all[:min(most, len(all))])
}

// HeldResource is a resource that a Hold keeps.
type HeldResource struct {
	Resource string
	Since    time.Time // when the attempt that was granted began
	Until    time.Time // the end of the validity as it is now
}

// LongestHeld lists the Holds that began first, at most so many, the oldest
// first. Of other locks a process does not know whether they are still held.
func (q *Quorum) LongestHeld(most int) []HeldResource {
	k := q.keeper
	k.mu.Lock()
	all := make([]HeldResource, 0, len(k.heap))
	for _, h := range k.heap {
		all = append(all, HeldResource{h.resource, h.since, h.until})
	}
	k.mu.Unlock()
	slices.SortFunc(all, func(a, b HeldResource) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Clone(all[:min(most, len(all))])
}

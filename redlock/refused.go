package redlock

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// refusedKept resources are counted in each period. Any that is refused more often
	// than one time in so many is among them.
	refusedKept    = 128
	refusedPeriod  = 10 * time.Second
	refusedPeriods = 6
)

// refusals finds out which resources Locks are refused most of late, as another
// holds them. Names come from clients without end, so not all are counted, but
// those that come again and again, by the method of Misra and Gries: a name for
// which there is no room lowers all counts by one, and those at zero make room.
// A count is never more than the truth.
type refusals struct {
	mu      sync.Mutex
	periods [refusedPeriods]refusedIn // the next place is the oldest's
	last    int
}

type refusedIn struct {
	began time.Time
	times map[string]int
}

// add counts a refusal. It costs the granted nothing.
func (r *refusals) add(resource string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.periods[r.last]
	if p.times == nil || now.Sub(p.began) >= refusedPeriod {
		r.last = (r.last + 1) % refusedPeriods
		p = &r.periods[r.last]
		*p = refusedIn{now, map[string]int{}}
	}
	if n, known := p.times[resource]; known {
		p.times[resource] = n + 1
		return
	}
	if len(p.times) < refusedKept {
		p.times[strings.Clone(resource)] = 1 // of no larger text
		return
	}
	for name, n := range p.times {
		if n == 1 {
			delete(p.times, name)
		} else {
			p.times[name] = n - 1
		}
	}
}

// Refused is a resource that Locks were refused, as another held it.
type Refused struct {
	Resource string
	Times    int // at least
}

// Refused lists the resources that Locks were refused most within the last minute,
// at most so many, the most refused first. How often is a lower bound: exact where
// there are few resources, and seldom far off for those that are refused most.
func (q *Quorum) Refused(most int) []Refused { return q.stats.refused.list(most, time.Now()) }

func (r *refusals) list(most int, now time.Time) []Refused {
	sums := map[string]int{}
	r.mu.Lock()
	for _, p := range r.periods {
		if now.Sub(p.began) >= refusedPeriods*refusedPeriod {
			continue
		}
		for name, n := range p.times {
			sums[name] += n
		}
	}
	r.mu.Unlock()
	all := make([]Refused, 0, len(sums))
	for name, n := range sums {
		all = append(all, Refused{name, n})
	}
	slices.SortFunc(all, func(a, b Refused) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Clone(all[:min(most, len(all))])
}

package redlock

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkPair is a Lock and its Unlock on five real nodes, by one caller and
// by 200 at once, each on a resource of its own. Allocations are the whole
// process': the package's, go-redis' and the callers'.
func BenchmarkPair(b *testing.B) {
	for _, kind := range []Request{{}, {Token: "a token of the caller's own"}, {Fence: true}} {
		for _, callers := range []int{1, 200} {
			name := fmt.Sprintf("callers=%d/token=%v/fence=%v", callers, kind.Token != "", kind.Fence)
			b.Run(name, func(b *testing.B) { benchmarkPairs(b, callers, kind) })
		}
	}
}

func benchmarkPairs(b *testing.B, callers int, kind Request) {
	_, q := five(b)
	ctx := b.Context()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, callers)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range callers {
		r := kind
		r.Resource, r.TTL = fmt.Sprintf("resource-%d", i), 10*time.Second
		go func() {
			for left.Add(-1) >= 0 {
				g, err := q.Lock(ctx, r)
				if err == nil {
					err = q.Unlock(ctx, Request{Resource: r.Resource, Token: g.Token})
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkBallot is a round's counting: five votes, the third of which settles.
func BenchmarkBallot(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ballot := newBallot(majorityOf{}, 5, 3)
		for node := range 5 {
			ballot.vote(node, answer{verdict: yes})
		}
	}
}

// majorityOf is a voter that wants no more than a majority.
type majorityOf struct{}

func (majorityOf) decide(b *ballot) bool { return b.tally.yes >= b.tally.needed }
func (majorityOf) settle()               {}
func (majorityOf) complete()             {}

// BenchmarkLane is the way of a request through a lane whose node answers at
// once, with 200 requests at a time.
func BenchmarkLane(b *testing.B) {
	const together = 200
	l := laneOver(b, &instantLink{})
	done := make(chan struct{}, together)
	counted := &countdown{done: done}
	requests := make([]*request, together)
	for i := range requests {
		requests[i] = &request{op: acquire, key: fmt.Sprint(i)}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += together {
		for _, r := range requests {
			r.ballot = newBallot(counted, 1, 1)
			l.push(r)
		}
		for range together {
			<-done
		}
	}
}

// countdown is a voter that tells when its ballot is complete.
type countdown struct{ done chan struct{} }

func (*countdown) decide(*ballot) bool { return true }
func (*countdown) settle()             {}
func (c *countdown) complete()         { c.done <- struct{}{} }

// instantLink says yes to everything.
type instantLink struct{}

func (*instantLink) connect() error      { return nil }
func (*instantLink) close()              {}
func (*instantLink) pace() time.Duration { return idlePing }

func (*instantLink) exchange(_ []*request, answers []answer) error {
	for i := range answers {
		answers[i] = answer{verdict: yes}
	}
	return nil
}

func (*instantLink) flights() (away, most int, gap time.Duration) { return 0, 1, 0 }
func (*instantLink) fly([]*request)                               {}
func (*instantLink) landed() <-chan *flight                       { return nil }
func (*instantLink) land(*flight) error                           { return nil }

package commands

import (
	"hash/maphash"
	"sync"
	"time"

	"redlock-proxy/redlock"
)

const (
	// mostHolders is how many grants are remembered, as many as --max-holds by
	// default: some 10 MB. A proxy with more at once tells LOCKINFO of some of them.
	mostHolders = 65536
	// holderShards keep two cores from meeting on one lock at each grant.
	holderShards = 64
	// holdersLooked is how many are looked at for one that is over when there is
	// no room: a LOCK waits for them.
	holdersLooked = 8
)

// holders remembers who was granted a lock without AUTOEXTEND through this proxy,
// for LOCKINFO. It is on the path of every LOCK and UNLOCK: resources and tokens
// are kept as numbers, and what is over goes when its room is needed.
type holders struct {
	began  time.Time
	seed   maphash.Seed
	shards [holderShards]struct {
		mu   sync.Mutex
		held map[uint64]holder // by the number of the resource
	}
}

// holder is a client that was granted a lock, as it was then.
type holder struct {
	mark         uint64 // of the token, by Quorum.Mark
	id           uint64 // of the session
	name, addr   string
	since, until time.Duration // from holders.began
}

func newHolders(now time.Time) *holders {
	h := &holders{began: now, seed: maphash.MakeSeed()}
	for i := range h.shards {
		h.shards[i].held = map[uint64]holder{}
	}
	return h
}

// change does something with a shard's map, under its lock.
func (h *holders) change(resource string, do func(held map[uint64]holder, number uint64)) {
	number := maphash.String(h.seed, resource)
	s := &h.shards[number%holderShards]
	s.mu.Lock()
	do(s.held, number)
	s.mu.Unlock()
}

// granted notes a grant. One that its token had before began with that.
func (h *holders) granted(s *Session, mark uint64, g redlock.Grant) {
	one := holder{mark, s.ID, s.nameNow(), s.Addr, g.Asked().Sub(h.began), g.Until.Sub(h.began)}
	h.change(g.Resource, func(held map[uint64]holder, number uint64) {
		before, known := held[number]
		switch {
		case known && before.mark == mark && before.until > one.since:
			one.since = before.since
		case !known && len(held) >= mostHolders/holderShards:
			makeRoom(held, time.Since(h.began))
		}
		held[number] = one
	})
}

// makeRoom forgets one that is over, or any.
func makeRoom(held map[uint64]holder, now time.Duration) {
	looked, victim := 0, uint64(0)
	for number, one := range held { // in no order
		victim = number
		if looked++; one.until <= now || looked == holdersLooked {
			break
		}
	}
	delete(held, victim)
}

// extended notes that a lock lasts longer, if it is known.
func (h *holders) extended(mark uint64, g redlock.Grant) {
	h.change(g.Resource, func(held map[uint64]holder, number uint64) {
		if one, known := held[number]; known && one.mark == mark {
			one.until = max(one.until, g.Until.Sub(h.began))
			held[number] = one
		}
	})
}

// released forgets a lock.
func (h *holders) released(resource string, mark uint64) {
	h.change(resource, func(held map[uint64]holder, number uint64) {
		if held[number].mark == mark {
			delete(held, number)
		}
	})
}

// find gives the holder of the lock whose token has that mark, and for how long
// it has had it.
func (h *holders) find(resource string, mark uint64, now time.Time) (one holder, held time.Duration, known bool) {
	h.change(resource, func(all map[uint64]holder, number uint64) { one = all[number] })
	at := now.Sub(h.began)
	return one, at - one.since, one.mark == mark && one.until > at
}

package redlock

import (
	"slices"
	"time"
)

// nodeClock watches the clock of one node. Redis lets keys expire by the wall
// clock, so one that is set forward, or runs too fast, ends locks too soon.
// Compared is how far the node's clock and ours went between two looks: neither
// the time zone nor an offset matters.
type nodeClock struct {
	run    string
	before reading // the last one
	anchor reading // an older one, by which a clock that runs too fast is found
	// mistrusted is until when the node may have forgotten locks.
	mistrusted time.Time
	offset     int64 // node's clock less ours, in microseconds
	known      bool
}

// reading is what a node's clock said at some moment between two of ours.
type reading struct {
	node           int64         // microseconds
	sent, received time.Duration // since the quorum was made
}

// anchorAge is over how long a clock's speed is measured.
const anchorAge = 30 * time.Second

// note compares a new reading with older ones of the same server process.
func (c *nodeClock) note(g *guard, s sighting) {
	q := g.quorum
	r := reading{node: s.clock, sent: q.since(s.sent), received: q.since(s.received)}
	c.offset, c.known = r.node-(r.sent+r.received).Microseconds()/2, true
	if c.run != s.run {
		*c = nodeClock{run: s.run, before: r, anchor: r, offset: c.offset, known: true}
		return
	}
	ahead := max(c.before.fast(r, q.options.DriftFactor), c.anchor.fast(r, q.options.DriftFactor))
	c.before = r
	if r.sent-c.anchor.sent > anchorAge {
		c.anchor = r
	}
	if ahead <= 0 || q.rules.noGuard {
		return
	}
	c.anchor = r
	// A lock with a ttl whose drift covers this much was not ended too soon.
	// Compared before it is converted: a clock that comes from 1970 is too far ahead.
	span := g.lapse()
	if covered := float64(ahead) / q.options.DriftFactor; covered < float64(span) {
		span = time.Duration(covered)
	}
	if until := s.received.Add(span); until.After(c.mistrusted) {
		c.mistrusted = until
		q.options.Logger.Warn("the node's clock went ahead of ours by more than the drift allows; it casts no votes until the locks that may have ended too soon have lapsed, then again by itself: let NTP slew its clock and nothing step it",
			"node", g.nameOf(c), "ahead", ahead.Round(time.Millisecond), "for", span.Round(time.Millisecond))
	}
}

// fast is by how much at least the node's clock went ahead between two
// readings, beyond what the drift allows.
func (r reading) fast(later reading, factor float64) time.Duration {
	theirs := time.Duration(later.node-r.node) * time.Microsecond
	ours := later.received - r.sent // the longest it can have been
	return theirs - ours - drift(ours, factor)
}

func (g *guard) nameOf(c *nodeClock) string {
	for i := range g.members {
		if &g.members[i].clock == c {
			return g.members[i].node.name
		}
	}
	return ""
}

// since is a time on the quorum's own clock, which goes on while the machine is
// suspended.
func (q *Quorum) since(t time.Time) time.Duration {
	return t.Sub(q.epoch) + time.Duration(q.slept.Load())
}

// skewShare of the longest ttl is how far a node's clock may be from the others'
// unremarked: at twice as much, the node accepts no fences.
const skewShare = 2 * fenceBoundShare

// warnOfSkew warns, once until it is mended, of a node whose clock is far from
// the others'. Locks do not mind, fences do. The caller holds the guard's lock.
func (g *guard) warnOfSkew(m *member) {
	median, known := g.medianOffset()
	skew := time.Duration(m.clock.offset-median) * time.Microsecond
	far := known && skew.Abs() > time.Duration(g.longest.Load())/skewShare
	if far && !m.skewed {
		m.node.logger.Warn("the node's clock differs from the other nodes'; beyond a quarter of the longest ttl it accepts no fences: let NTP slew it", "by", skew.Round(time.Millisecond))
	}
	m.skewed = far
}

// medianOffset is by how much the median of the nodes' clocks is ahead of ours.
// The caller holds the guard's lock.
func (g *guard) medianOffset() (micros int64, known bool) {
	var offsets []int64
	for i := range g.members {
		if c := &g.members[i].clock; c.known {
			offsets = append(offsets, c.offset)
		}
	}
	if len(offsets) == 0 {
		return 0, false
	}
	slices.Sort(offsets)
	return offsets[len(offsets)/2], true
}

// nodesNow is what the nodes take for now, in microseconds: the median of their
// clocks, so that neither one of theirs nor this machine's matters.
func (g *guard) nodesNow(now time.Time) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	median, known := g.medianOffset()
	if !known || g.quorum.rules.ownClock {
		return now.Add(g.quorum.seams.ahead).UnixMicro()
	}
	return median + g.quorum.since(now).Microseconds()
}

// awaken takes in that the machine was suspended for a while since it was last
// asked. The monotonic clock stood still, the nodes' keys did not; and a look at a
// node is older than it seems, so a new epoch begins: votes that rest on it do not
// count.
func (q *Quorum) awaken() {
	slept := int64(q.seams.asleep())
	for {
		before := q.slept.Load()
		if slept-before < int64(suspendGrain) {
			return
		}
		// First: whoever finds that it was noticed shall find the new epoch too.
		q.guard.awaken()
		if q.slept.CompareAndSwap(before, slept) {
			q.keeper.slept(time.Duration(slept - before))
			q.options.Logger.Warn("this machine was suspended: locks that were kept or granted here may have lapsed meanwhile; run proxies where nothing suspends the machine", "for", time.Duration(slept-before).Round(time.Millisecond))
			return
		}
	}
}

// awakenAt is awaken for whoever has just read the clock and needs to be sure at
// every reply. It asks the system, which is three calls, only when the wall clock
// went another way than the monotonic one: at the end of a suspension the kernel
// sets the former ahead of the latter, by as much as CLOCK_BOOTTIME and in the same
// step (timekeeping_resume in kernel/time/timekeeping.c), and both are slewed alike.
// What else sets the wall clock costs three calls. That it is set back by just as
// much as the machine was suspended, and before the first reply, would go unseen
// here, and be seen at the next answer of a node.
func (q *Quorum) awakenAt(now time.Time) {
	apart := int64(q.seams.apart(now))
	before := q.apart.Load()
	if d := apart - before; d < int64(suspendGrain) && -d < int64(suspendGrain) {
		return
	}
	q.awaken()
	q.apart.CompareAndSwap(before, apart)
}

// clocksApart implements seams. A time has both clocks' readings.
func (q *Quorum) clocksApart(now time.Time) time.Duration {
	return time.Duration(now.UnixNano()-q.epoch.UnixNano()) - now.Sub(q.epoch)
}

// suspendGrain is what two readings of two clocks, one after the other, may
// differ by for other reasons, as when the thread is not run between them. It is
// within the 2 ms that drift() gives up.
const suspendGrain = time.Millisecond

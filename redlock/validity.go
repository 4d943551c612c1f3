package redlock

import (
	"fmt"
	"time"
)

// rules are the choices that mutual exclusion rests on. They are not options:
// tests break one at a time to show that they would notice.
type rules struct {
	majority    func(nodes int) int
	drift       func(ttl time.Duration, factor float64) time.Duration
	grace       time.Duration // between the proposal of a new quorum and its first vote
	undoByToken bool
	overtake    bool // a release that a lane could not take is paid in front of what it holds
	onlyHeld    bool // null only if a majority of the nodes refused
	noGuard     bool // a node that restarted votes at once
	ownMaxTTL   bool // the guard waits for this process's MaxTTL, not for the longest
	nodeVotes   bool // a new connection is believed what an earlier one was told
	foundAnyway bool // without a record anywhere a quorum is founded, whoever may know better

	staleVotes  bool // a vote counts that was cast before its node was known to be replaced
	format      int  // of the records that are written; newer ones are not known
	sinceVotes  bool // a loss of memory begins when a node that voted no longer may, whatever its record says
	byUptime    bool // a node votes whose server has run for long enough
	earlyMember bool // a new member waits from its first sight, not from its record

	noRepair bool // a held lock is not put back on nodes that lost it

	ownClock        bool           // a fence is proposed by this machine's wall clock
	fenceNoBounds   bool           // a fence may be any distance from the nodes' clocks
	fenceUpperBound bool           // it may be any distance behind them
	fenceByCount    bool           // the largest number of the nodes' counters
	script          func(*scripts) // puts broken ones in the place of some
}

func soundRules() rules {
	return rules{majority: majority, drift: drift, grace: foundingGrace, format: memberFormat}
}

// majority is the least number of nodes any two sets of which share a node.
func majority(nodes int) int { return nodes/2 + 1 }

// drift is what is given up of a ttl: factor for clocks of different speed,
// and 2 ms because Redis expires to the millisecond and rounds (the constant of
// the original redlock-rb, kept by the libraries).
func drift(ttl time.Duration, factor float64) time.Duration {
	return time.Duration(float64(ttl)*factor) + 2*time.Millisecond
}

// Grant is a lock that was given.
type Grant struct {
	Resource string
	Token    string
	// Fence is greater than every fence granted before for the resource; 0 when
	// none was asked for.
	Fence int64
	// Until is the end of the validity by this process's monotonic clock: do
	// not act as the holder from then on. That clock stands still while the
	// machine is suspended, which Validity takes in.
	Until time.Time

	asked  time.Time // when the attempt that was granted began
	value  string    // what this attempt wrote; "" for an extension
	quorum *Quorum   // nil: of nobody
	slept  int64     // the quorum's, as far as Until takes it in
}

// Validity is how much of the grant is left at now, which time.Now has just said;
// it is negative afterwards. It takes in that the machine was suspended until then.
func (g Grant) Validity(now time.Time) time.Duration {
	if g.quorum != nil {
		g.quorum.awakenAt(now)
	}
	return g.until().Sub(now)
}

// until is Until with what has been noticed since of suspensions.
func (g Grant) until() time.Time {
	g.settleUntil() // of the copy
	return g.Until
}

// settleUntil takes it into Until, for those who only read that.
func (g *Grant) settleUntil() {
	if g.quorum == nil {
		return
	}
	slept := g.quorum.slept.Load()
	g.Until = g.Until.Add(time.Duration(g.slept - slept))
	g.slept = slept
}

// Asked is when the attempt that was granted began, after any waiting.
func (g Grant) Asked() time.Time { return g.asked }

// String leaves the token out, so that a grant can be logged.
func (g Grant) String() string {
	return fmt.Sprintf("%s until %s", g.Resource, g.Until.Format(time.RFC3339Nano))
}

// GoString does the same for %#v.
func (g Grant) GoString() string { return g.String() }

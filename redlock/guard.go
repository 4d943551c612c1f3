package redlock

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// FirstStart says what to do with nodes of which none has ever been a member.
type FirstStart string

const (
	// FirstStartAuto founds the quorum when every node answers, none has a record
	// and this process has never used any: nobody can hold a lock then, unless all
	// nodes have lost their memory while clients went on. It is the default.
	FirstStartAuto FirstStart = "auto"
	// FirstStartWait waits for MaxTTL even then.
	FirstStartWait FirstStart = "wait"
	// FirstStartForce lets every node vote at this process's first sight of it,
	// whatever it may have forgotten. Use it when nobody holds a lock.
	FirstStartForce FirstStart = "force"
)

const (
	// guardPeriod is how old the look at a node may be when its vote counts. A
	// FLUSHALL goes unnoticed for so long.
	guardPeriod = 500 * time.Millisecond
	// foundingGrace passes between the proposal of a new quorum and its first
	// vote. A process that outlived all nodes sees their new selves within two
	// periods and objects.
	foundingGrace = 3 * guardPeriod
	// guardFresh is how long a node that was looked at counts as answering.
	guardFresh = 4 * guardPeriod
	// forcePatience is how long FirstStartForce waits for the last node before it
	// settles what to call the set.
	forcePatience = time.Second
)

// guard keeps nodes that may have forgotten locks from voting: the "delayed
// restart" of the Redis documentation
// (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/,
// "Performance, crash recovery and fsync"). A restart ends all connections, so
// each new connection looks at the node before it asks anything; a look now and
// then finds what was lost without a restart.
type guard struct {
	quorum   *Quorum
	began    time.Time
	proposal string // what this process would call a new set

	// epoch changes when what a majority is made of does, and when all that is
	// known of nodes may have become too old. A round that saw two of them grants
	// nothing.
	epoch atomic.Int64
	// longest is the longest ttl that any process was seen to allow.
	longest atomic.Int64

	mu         sync.Mutex
	members    []member
	set        string // "" until a majority of the nodes shows the same
	generation int
	met        bool      // a node was or had been a member: somebody's clients may hold locks
	begun      string    // the set to which a node was admitted that was seen last
	together   time.Time // since when all nodes are proposed for one set
}

// member is a node as it was seen last.
type member struct {
	node    *node
	run     string // "": never seen
	record  record
	seen    time.Time
	since   time.Time // when the memory that it has was first seen
	tried   bool      // it was looked at, or did not answer
	known   bool      // this process has seen it vote
	blind   bool      // its rights do not let us look
	votes   bool
	doubted bool     // its record may be older than what it forgot
	gave    []string // the names that this process gave to its memory since then
	refused error    // nothing may be asked of it
	waits   error    // it may not vote
	state   string
	gone    bool // the last connection to it failed
	clock   nodeClock
	skewed  bool // and that was warned of
}

// sighting is one look at a node.
type sighting struct {
	run            string
	record         record
	problem        error // it can not be a member, whatever its record
	clock          int64 // the node's, in microseconds
	sent, received time.Time
	epoch          int64         // when it was sent
	uptime         time.Duration // of the server, as it says; a broken rule asks for it
}

// ruling is what follows from it for the connection it was made on.
type ruling struct {
	refused error   // nothing may be asked over it
	waits   error   // no acquire may
	swap    *record // this must be put in the place of the record that was seen
	epoch   int64   // what it is good for
}

func newGuard(q *Quorum) *guard {
	g := &guard{quorum: q, began: time.Now(), proposal: newID()}
	g.longest.Store(int64(q.options.MaxTTL))
	return g
}

// guarded is how many nodes can be looked at.
func (g *guard) guarded() int {
	n := 0
	for i := range g.members {
		if !g.members[i].blind {
			n++
		}
	}
	return n
}

// newID makes the identity of a quorum, or of what a node remembers.
func newID() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(raw[:])
}

// judge says what a look at the node means for the connection it was made on.
func (g *guard) judge(i int, s sighting) ruling {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &g.members[i]
	old := s.epoch != g.epoch.Load() // as when the machine was suspended meanwhile
	g.note(m, s)
	st := g.appraise(m, s)
	m.votes = st.refused == nil && st.waits == nil && s.record.votes(s.run) && !m.doubted
	if m.votes {
		m.known = true
	}
	g.tell(m, st)
	if st.epoch = s.epoch; !old {
		st.epoch = g.epoch.Load()
	}
	return st
}

// note takes in what was seen.
func (g *guard) note(m *member, s sighting) {
	if g.forgot(m, s) {
		m.since = s.received
	}
	g.doubt(m, s)
	if r := &s.record; r.exists() && r.state != proposed {
		g.met = true
		if r.votes(s.run) {
			g.begun = r.set
		}
	}
	m.run, m.record, m.seen, m.tried, m.gone = s.run, s.record, s.received, true, false
	m.clock.note(g, s)
	g.warnOfSkew(m)
	if ttl := int64(s.record.ttl); ttl > g.longest.Load() {
		g.longest.Store(ttl)
	}
	g.establish()
	if s.record.exists() && s.record.set == g.set && s.record.generation > g.generation {
		g.generation = s.record.generation
		g.changed()
	}
}

// establish finds out which set the nodes are. It is changed only when none of
// the old one is left: all memory was lost, and others founded the quorum anew.
func (g *guard) establish() {
	counts := map[string]int{}
	for i := range g.members {
		if r := &g.members[i].record; r.state == admitted || r.state == quarantined {
			counts[r.set]++
		}
	}
	if counts[g.set] > 0 {
		return
	}
	for set, n := range counts {
		if n < min(g.quorum.needed, g.guarded()) {
			continue
		}
		if g.set != "" {
			g.quorum.options.Logger.Warn("the nodes are another quorum than before: all had lost their memory, and another proxy began anew", "set", set)
		}
		g.set, g.generation = set, 0
		g.changed()
	}
}

// awaken begins a new epoch after the machine was suspended. It waits for a
// verdict that is under way, as that may be about a look from before.
func (g *guard) awaken() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.epoch.Add(1)
}

// changed begins a new epoch. What was known of members may not be true of it.
func (g *guard) changed() {
	g.epoch.Add(1)
	for i := range g.members {
		g.members[i].known = false
	}
}

// candidate is the set that a node without one would join: the established one,
// or that of most records, where proposals count only among themselves. The
// smaller wins a tie, so that two processes which see the same choose the same.
func (g *guard) candidate() string {
	if g.set != "" {
		return g.set
	}
	counts := map[string]int{}
	for i := range g.members {
		switch r := &g.members[i].record; r.state {
		case admitted, quarantined:
			counts[r.set] += 1 + len(g.members)
		case proposed:
			counts[r.set]++
		}
	}
	best := ""
	for set, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && set < best {
			best = set
		}
	}
	return best
}

// appraise is the guard's decision.
func (g *guard) appraise(m *member, s sighting) ruling {
	if err := g.refusal(m, s); err != nil {
		return ruling{refused: err}
	}
	switch r := &s.record; {
	case g.quorum.rules.noGuard:
		return ruling{}
	case r.votes(s.run) && !m.doubted:
		return g.member(m)
	case g.quorum.options.FirstStart == FirstStartForce && !m.known:
		return g.force(m)
	case g.quorum.rules.byUptime && s.uptime >= g.lapse():
		return ruling{swap: g.next(m, admitted, cmp.Or(g.candidate(), g.proposal))}
	case g.mayFound():
		return g.found(m)
	case r.state == proposed && r.run == s.run && r.set == g.candidate() && r.set == g.begun:
		// The founding of its set had come so far that the rest may follow.
		return ruling{swap: g.next(m, admitted, r.set)}
	}
	return g.quarantine(m)
}

// refusal tells why a node can not be a member at all.
func (g *guard) refusal(m *member, s sighting) error {
	r := &s.record
	switch {
	case s.problem != nil:
		return s.problem
	case r.format == noFormat:
		return errNoFormat
	case r.format > g.quorum.rules.format:
		return errNewerFormat
	case r.exists() && r.nodes != len(g.members):
		return &otherSizeError{theirs: r.nodes, ours: len(g.members)}
	case r.state == admitted && g.set != "" && r.set != g.set:
		return errForeign
	case r.state == retired || r.exists() && r.set == g.set && r.generation < g.generation:
		return errReplaced
	}
	for i := range g.members {
		other := &g.members[i]
		if other != m && other.run == m.run && other.refused == nil {
			return &sameServerError{name: other.node.name}
		}
	}
	return nil
}

// trusts tells whether the rule is broken that a verdict is of one connection.
func (g *guard) trusts(i int) bool {
	if !g.quorum.rules.nodeVotes {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.members[i].votes
}

// member is about a node that was admitted.
func (g *guard) member(m *member) ruling {
	if g.set == "" {
		return ruling{waits: errOfWhichSet}
	}
	if left := time.Until(m.clock.mistrusted); left > 0 {
		return ruling{waits: &quarantineError{until: m.clock.mistrusted, cause: "its clock jumped"}}
	}
	r := m.record
	if g.complete() && r.addNames(g.names()) {
		return ruling{swap: &r} // others know who is meant by our names
	}
	return ruling{}
}

// complete: every node was just seen as a member. One that was replaced is none
// any more, and its name must not come back.
func (g *guard) complete() bool {
	for i := range g.members {
		m := &g.members[i]
		if !m.blind && (!m.record.votes(m.run) || m.record.set != g.set || m.record.generation != g.generation || !m.fresh()) {
			return false
		}
	}
	return true
}

func (m *member) fresh() bool { return !m.seen.IsZero() && time.Since(m.seen) < guardFresh }

func (g *guard) names() []string {
	names := make([]string, len(g.members))
	for i := range g.members {
		names[i] = g.members[i].node.name
	}
	return names
}

// next is the record that a member gets.
func (g *guard) next(m *member, state, set string) *record {
	r := &record{
		format: g.quorum.rules.format,
		state:  state, run: m.run, set: set, nodes: len(g.members),
		ttl: time.Duration(g.longest.Load()), generation: g.generationOf(set),
		memory: m.record.memory,
	}
	if r.memory == "" || m.record.exists() && state == quarantined {
		r.memory = g.newMemory(m)
	}
	if m.record.set == set {
		r.names = m.record.names
	}
	for i := range g.members {
		if other := &g.members[i].record; other.set == set && other.generation == r.generation {
			r.addNames(other.names)
		}
	}
	if len(r.names) == 0 || state == proposed {
		r.addNames(g.names())
	}
	return r
}

// generationOf is the highest that was seen of a set, established or not.
func (g *guard) generationOf(set string) int {
	highest := 0
	if set == g.set {
		highest = g.generation
	}
	for i := range g.members {
		if r := &g.members[i].record; r.exists() && r.set == set {
			highest = max(highest, r.generation)
		}
	}
	return highest
}

// quarantine is about a node that may have forgotten locks.
func (g *guard) quarantine(m *member) ruling {
	r := &m.record
	set := g.candidate()
	if set == "" {
		if !g.leads(m) {
			return ruling{waits: errFirstLook}
		}
		set = g.proposal
	}
	if (!r.exists() || r.set != set) && !g.isNamed(m, set) {
		return ruling{waits: errUnknown}
	}
	if r.state != quarantined || r.run != m.run || r.set != set || m.doubted || g.namesMemories() && (r.memory == "" || r.format < memberFormat) {
		return ruling{swap: g.next(m, quarantined, set)}
	}
	if until := m.since.Add(g.lapse()); time.Now().Before(until) {
		return ruling{waits: &quarantineError{until: until, cause: "it may have forgotten locks"}}
	}
	return ruling{swap: g.next(m, admitted, set)}
}

// lapse is how long after a loss of memory the last lock that was lost with it
// has lapsed.
func (g *guard) lapse() time.Duration {
	longest := time.Duration(g.longest.Load())
	if g.quorum.rules.ownMaxTTL {
		longest = g.quorum.options.MaxTTL
	}
	return longest + drift(longest, g.quorum.options.DriftFactor) + guardPeriod
}

// isNamed tells whether a node without a record is a member that lost it: this
// process has seen it vote, or the other members' records name it. What was never
// heard of does not take a member's place.
func (g *guard) isNamed(m *member, set string) bool {
	if m.known {
		return true
	}
	anyNames := false
	for i := range g.members {
		r := &g.members[i].record
		if r.set != set || r.generation < g.generation || len(r.names) == 0 || &g.members[i] == m {
			continue
		}
		anyNames = true
		if slices.Contains(r.names, m.node.name) {
			return true
		}
	}
	return !anyNames
}

// leads tells whether the node is the one that is given a new set's name first:
// of those seen the one with the smallest run id, whatever the nodes' order.
func (g *guard) leads(m *member) bool {
	for i := range g.members {
		if other := &g.members[i]; other.run != "" && other.refused == nil && other.run < m.run {
			return false
		}
	}
	return true
}

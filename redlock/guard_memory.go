package redlock

import "slices"

// forgot tells whether the node may have lost its memory since it was looked at
// last. A quarantine lasts from then on (member.since), and this is why no lock
// that a node forgot is still valid when the node votes again:
//
//  1. A memory has a name, in the record that is a part of it. Names are random;
//     each is written by one attempt of one process, into what the node remembers
//     at that moment.
//  2. A loss takes the name with it (FLUSHALL, an empty restart, what a master
//     sent), or brings back an older one: under another run id when the server
//     restarted, or after it was a replica (doubt). So as long as a node has one
//     name and one run id, and was no replica, it has lost nothing since that name
//     was written.
//  3. A quarantine begins with a new name, also where an old record came back. What
//     the node forgot it had voted for before that was written, so before this
//     process saw it for the first time. That is since, whatever this process had
//     seen before it and whoever wrote it.
//  4. The node is admitted by a compare-and-set on name and run id, a lapse later.
//     If it succeeds, the node has lost nothing since by 2, and every lock from
//     before has lapsed. Who finds a node admitted relies on whoever did this.
//
// It must not matter whether the node voted, as far as this process knew: a node
// that does not can lose locks too, which were put back or extended there, and one
// that others let vote meanwhile can.
func (g *guard) forgot(m *member, s sighting) bool {
	r := &s.record
	// A new member is waited for from its own record on, however long it was
	// seen before: until then, others may have voted in its place.
	joined := m.record.generation != r.generation
	switch rules := &g.quorum.rules; {
	case m.run != s.run || joined && !rules.earlyMember:
		return true
	case rules.sinceVotes || rules.earlyMember || !g.namesMemories():
		return m.votes && !r.votes(s.run)
	}
	return r.memory == "" || r.memory != m.record.memory || m.refused != nil
}

// doubt notes whether the record may be older than what the node forgot: it was a
// replica, and took over what its master had, which may have been a copy of its
// own memory from some time before. Until this process has given it a new name.
func (g *guard) doubt(m *member, s sighting) {
	switch {
	case !g.namesMemories():
	case s.problem != nil:
		m.doubted, m.gave = m.doubted || m.known || s.record.exists(), nil
	case slices.Contains(m.gave, s.record.memory):
		m.doubted, m.gave = false, nil
	}
}

// namesMemories: not if the tests let this be a process of an earlier version.
func (g *guard) namesMemories() bool { return g.quorum.rules.format >= memberFormat }

// newMemory names what the node remembers from the next record on.
func (g *guard) newMemory(m *member) string {
	if !g.namesMemories() {
		return ""
	}
	name := newID()
	if m.doubted { // each of its connections may be at it
		m.gave = append(m.gave[max(0, len(m.gave)-4*g.quorum.options.Lanes):], name)
	}
	return name
}

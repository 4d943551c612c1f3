package redlock

import "time"

// mayFound tells whether this may be a first start: no node has ever been seen
// as a member, so that no client can hold a lock as far as this process knows. A node that has not
// answered yet may turn out to be a member; in its absence a first start becomes
// a quarantine when one would be over.
func (g *guard) mayFound() bool {
	if g.quorum.options.FirstStart != FirstStartAuto || g.met && !g.quorum.rules.foundAnyway {
		return false
	}
	all, over := true, true
	for i := range g.members {
		m := &g.members[i]
		if m.blind {
			continue
		}
		if m.run == "" || !m.fresh() {
			all = false
			continue
		}
		if r := &m.record; r.exists() && (r.state != proposed || r.run != m.run) {
			return false
		}
		over = over && time.Since(m.since) >= g.lapse()
	}
	return all || !over || !g.enough()
}

// enough: as many nodes were seen as make a majority.
func (g *guard) enough() bool {
	n := 0
	for i := range g.members {
		if m := &g.members[i]; m.blind || m.run != "" && m.fresh() {
			n++
		}
	}
	return n >= g.quorum.needed
}

// found takes a first start one step further. All nodes are proposed for the
// set that the first of them is proposed for, by whoever came first; then those
// who know better have some time to object, by overriding the proposal.
func (g *guard) found(m *member) ruling {
	if missing := g.missing(); missing != nil {
		g.together = time.Time{}
		if r := m.record; r.memory == "" && g.namesMemories() {
			// The wait counts from here: see forgot.
			if r.memory = g.newMemory(m); r.exists() {
				r.format = memberFormat
			}
			return ruling{swap: &r}
		}
		return ruling{waits: &foundingError{missing: missing.node.name, until: m.since.Add(g.lapse())}}
	}
	set := ""
	for i := range g.members {
		if other := &g.members[i]; g.leads(other) {
			set = other.record.set
		}
	}
	if set == "" {
		if !g.leads(m) {
			return ruling{waits: errFounding}
		}
		set = g.proposal
	}
	if m.record.set != set {
		return ruling{swap: g.next(m, proposed, set)}
	}
	for i := range g.members {
		if other := &g.members[i]; !other.blind && other.record.set != set {
			g.together = time.Time{}
			return ruling{waits: errFounding}
		}
	}
	if g.together.IsZero() {
		g.together = time.Now()
	}
	if time.Since(g.together) < g.quorum.rules.grace {
		return ruling{waits: errFounding}
	}
	return ruling{swap: g.next(m, admitted, set)}
}

// missing is a node that does not answer, or nil.
func (g *guard) missing() *member {
	for i := range g.members {
		if m := &g.members[i]; !m.blind && (m.run == "" || !m.fresh()) {
			return m
		}
	}
	return nil
}

// force admits a node at the first sight of it, as its operator wants.
func (g *guard) force(m *member) ruling {
	set := g.candidate()
	if set == "" {
		if !g.allTried() && time.Since(g.began) < forcePatience || !g.leads(m) {
			return ruling{waits: errFirstLook}
		}
		set = g.proposal
	}
	m.doubted = false
	return ruling{swap: g.next(m, admitted, set)}
}

func (g *guard) allTried() bool {
	for i := range g.members {
		if !g.members[i].tried {
			return false
		}
	}
	return true
}

// blind notes that a node's rights do not let us look: it votes, and its
// restarts go unnoticed. Not where a member was replaced: this may be that one.
// The error is why it does not vote.
func (g *guard) blind(i int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &g.members[i]
	m.blind, m.tried, m.seen = true, true, time.Now()
	m.run, m.record = "", record{} // nobody waits for what it will not show
	st := ruling{}
	if g.generation > 0 {
		st.waits = errBlind
	}
	g.tell(m, st)
	return st.waits
}

// puzzled notes that a node answers a look with an error, as when it has no
// memory left. It does not vote.
func (g *guard) puzzled(i int, why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := &g.members[i]
	m.tried, m.votes = true, false
	g.tell(m, ruling{waits: why})
}

// failed notes that a node does not answer.
func (g *guard) failed(i int) {
	g.mu.Lock()
	g.members[i].tried, g.members[i].gone = true, true
	g.mu.Unlock()
}

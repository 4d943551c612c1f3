package redlock

import (
	"fmt"
	"slices"
	"strings"
)

// examine finds out who is who, and refuses what is not plainly a replacement.
func (p *replacement) examine() error {
	for _, v := range p.nodes {
		p.names = append(p.names, v.name)
		if err := p.usable(v); err != nil {
			return err
		}
	}
	if slices.Contains(p.names, p.old) {
		return fmt.Errorf("%s is in the new list too; a node that comes back empty under its name is let in again by the proxies", p.old)
	}
	if err := p.servers(); err != nil {
		return err
	}
	e := examination{visits: p.nodes}
	if p.set, _ = e.majority(); p.set == "" {
		return fmt.Errorf("no node is a member yet; start the proxies with these nodes, there is nothing to replace")
	}
	if err := p.sort(); err != nil {
		return err
	}
	if err := p.generations(); err != nil {
		return err
	}
	p.longest = p.options.MaxTTL
	for _, v := range p.stay {
		p.longest = max(p.longest, v.record.ttl)
	}
	return p.joins()
}

// usable: the node answers, and can be a member.
func (p *replacement) usable(v *visit) error {
	switch {
	case v.err != nil:
		return fmt.Errorf("%s does not answer: %w; all nodes but the old one must", v.name, v.err)
	case v.blind != nil || v.facts.run == "":
		return fmt.Errorf("%s does not let its record be read; allow INFO and %s to this user", v.name, memberKey)
	case tooOld(v.facts.version):
		return fmt.Errorf("%s is redis %s; 7.0 or newer is needed", v.name, v.facts.version)
	case v.facts.problem() != nil:
		return fmt.Errorf("%s %w", v.name, v.facts.problem())
	case v.record.format == noFormat:
		return fmt.Errorf("%s %w", v.name, errNoFormat)
	case v.record.format > memberFormat:
		return fmt.Errorf("%s: %w", v.name, errNewerFormat)
	}
	return nil
}

// servers: no two names are one server, the old node's included.
func (p *replacement) servers() error {
	all := append(slices.Clone(p.nodes), p.left)
	for i, v := range all {
		for _, other := range all[:i] {
			if v.facts.run != "" && v.facts.run == other.facts.run {
				return fmt.Errorf("%s %w", v.name, &sameServerError{name: other.name})
			}
		}
	}
	return nil
}

// sort tells the new node from those that stay.
func (p *replacement) sort() error {
	var without []*visit
	for _, v := range p.nodes {
		switch r := &v.record; {
		case !r.exists():
			without = append(without, v)
		case r.set != p.set:
			return fmt.Errorf("%s %w, or delete %s there if nobody uses that quorum", v.name, errForeign, memberKey)
		case r.nodes != len(p.nodes):
			return fmt.Errorf("%s %w", v.name, &otherSizeError{theirs: r.nodes, ours: len(p.nodes)})
		case r.state == retired:
			return fmt.Errorf("%s was a member before and was replaced; delete %s there first", v.name, memberKey)
		}
	}
	if len(without) > 1 {
		return fmt.Errorf("%s have no record, and one node is replaced at a time", list(without))
	}
	if len(without) == 1 {
		p.fresh = without[0]
	} else {
		p.fresh = p.joined()
	}
	for _, v := range p.nodes {
		if v != p.fresh {
			p.stay = append(p.stay, v)
		}
	}
	switch {
	case p.fresh == nil:
		return fmt.Errorf("each of these nodes is a member already; name the new list, with the new node in it and without %s", p.old)
	case len(p.stay) == 0:
		return fmt.Errorf("no node stays that knows the others; a single node is replaced by starting anew")
	}
	return nil
}

// joined is the node that an earlier try has made a member: one whose record
// names the new list and not the old node. When all do, it is the one that does not
// vote yet, or any: nothing is left to be done to it.
func (p *replacement) joined() *visit {
	var found *visit
	for _, v := range p.nodes {
		if v.record.generation > 0 && p.named(v) && (found == nil || v.record.state == quarantined) {
			found = v
		}
	}
	return found
}

// named tells whether the record names the new list, and not the old node.
func (p *replacement) named(v *visit) bool {
	for _, n := range p.names {
		if !slices.Contains(v.record.names, n) {
			return false
		}
	}
	return !slices.Contains(v.record.names, p.old)
}

// generations finds out how far it has come. Either all that stay are of one
// generation and vote, or some have come to the next one already, by a try for
// the same list that was broken off; what the others became since does not matter
// then, as their state is left alone.
func (p *replacement) generations() error {
	highest := 0
	for _, v := range p.stay {
		highest = max(highest, v.record.generation)
	}
	half, other := false, false
	var called []string
	for _, v := range p.stay {
		if v.record.generation < highest {
			continue
		}
		half = half || highest > 0 && p.named(v)
		other = other || !p.named(v)
		called = append(called, v.record.names...)
	}
	slices.Sort(called)
	called = slices.Compact(called)
	p.target = highest + 1
	if half && !other {
		p.target = highest
	}
	for _, v := range p.stay {
		g := v.record.generation
		switch {
		case g != p.target && g != p.target-1 || p.target > highest && g != highest:
			return fmt.Errorf("%s is of an older generation than the others: another replacement is half done, of which the members are called %s; complete that one first", v.name, strings.Join(called, ", "))
		case v.record.state == proposed:
			return fmt.Errorf("%s is in its first start; wait until the proxies use it", v.name)
		case p.target > highest && !v.record.votes(v.facts.run):
			return fmt.Errorf("%s casts no votes now, as it may have forgotten locks; wait until it does, see redlock-proxy check", v.name)
		}
	}
	if p.target > highest && !slices.Contains(called, p.old) {
		return fmt.Errorf("no member is called %s; they are called %s", p.old, strings.Join(called, ", "))
	}
	if p.target > highest && slices.Contains(called, p.fresh.name) {
		return fmt.Errorf("%s is a member that lost its memory; the proxies let it in again by themselves", p.fresh.name)
	}
	return nil
}

// joins: the new node has never been a member, or is one by an earlier try.
func (p *replacement) joins() error {
	r := &p.fresh.record
	if r.exists() && (r.generation != p.target || r.state == proposed) {
		return fmt.Errorf("%s was a member before, and may hold what it then knew; delete %s there first", p.fresh.name, memberKey)
	}
	return nil
}

package redlock

import (
	"slices"
	"time"
)

// member is about what the node's record says it is.
func (e *examination) member(v *visit) {
	r := &v.record
	if v.blind != nil {
		return // among the rights
	}
	if v.facts.run == "" || !e.belongs(v) {
		return
	}
	switch {
	case !r.exists() && e.set == "":
		e.say(LevelOK, v.name, "no proxy has used it yet")
	case !r.exists():
		e.stranger(v)
	case r.state == proposed:
		e.say(LevelWarn, v.name, "a first start is under way, or was broken off; a running proxy brings it to its end")
	case r.run != v.facts.run:
		e.say(LevelWarn, v.name, "has restarted since it was admitted; the first proxy that sees it lets it cast no votes for %v", e.lapse())
	case r.state == quarantined:
		e.say(LevelWarn, v.name, "may have forgotten locks and casts no votes, for %v from when a proxy first saw it so; a running proxy admits it then", e.lapse())
	case r.state == admitted:
		e.voting++
		e.say(LevelOK, v.name, "is a member and may vote")
	}
	if r.exists() && r.ttl > e.options.MaxTTL {
		e.say(LevelWarn, v.name, "a proxy allows ttls of up to %v, and --max-ttl=%v here; give all proxies the same, as quarantines last as long as the longest", r.ttl, e.options.MaxTTL)
	}
}

// belongs tells whether the node may be a member of the quorum of the others.
func (e *examination) belongs(v *visit) bool {
	r := &v.record
	switch {
	case r.format == noFormat:
		e.say(LevelUnsafe, v.name, "%v", errNoFormat)
	case r.format > memberFormat:
		e.say(LevelUnsafe, v.name, "%v", errNewerFormat)
	case r.exists() && r.nodes != len(e.visits):
		e.say(LevelUnsafe, v.name, "%v", &otherSizeError{theirs: r.nodes, ours: len(e.visits)})
	case r.exists() && r.set != e.set:
		e.say(LevelUnsafe, v.name, "%v", errForeign)
	case r.exists() && r.generation < e.generation:
		e.say(LevelUnsafe, v.name, "%v", errReplaced)
	default:
		return true
	}
	return false
}

// stranger is about a node without a record beside others that have one.
func (e *examination) stranger(v *visit) {
	if e.named(v.name) {
		e.say(LevelWarn, v.name, "has lost its memory; the first proxy that sees it lets it cast no votes for %v", e.lapse())
		return
	}
	e.say(LevelUnsafe, v.name, "is no member of the others' quorum, in which another node votes instead; give proxies the same --node everywhere, or see redlock-proxy replace")
}

// named: the others know a member of that name.
func (e *examination) named(name string) bool {
	for _, v := range e.visits {
		if r := &v.record; r.set == e.set && r.generation == e.generation && slices.Contains(r.names, name) {
			return true
		}
	}
	return false
}

// lapse is how long a node that forgot locks casts no votes.
func (e *examination) lapse() time.Duration {
	longest := e.options.MaxTTL
	for _, v := range e.visits {
		longest = max(longest, v.record.ttl)
	}
	return (longest + drift(longest, e.options.DriftFactor) + guardPeriod).Round(time.Second)
}

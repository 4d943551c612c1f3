package redlock

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Level says how bad a Finding is.
type Level string

const (
	LevelOK     Level = "ok"
	LevelWarn   Level = "warn"   // something works less well, or soon will not
	LevelUnsafe Level = "unsafe" // two could hold one lock, or nobody can tell that they can not
)

// Finding is one thing that Examine has to say, and what to do about it.
type Finding struct {
	Level Level
	Node  string // its name, "" for what concerns all of them
	Text  string // one sentence, without credentials
}

// Examine looks at the nodes as a new process would find them, and tells what
// would break safety or degrade there. It writes nothing to them. The error is
// that of wrong Options. The last finding is a summary, and it is LevelUnsafe when
// any is.
func Examine(ctx context.Context, o Options) ([]Finding, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	e := &examination{options: o, visits: visitAll(ctx, o, o.Nodes)}
	for _, v := range e.visits {
		defer v.end()
	}
	e.set, e.generation = e.majority()
	for _, v := range e.visits {
		e.node(ctx, v)
	}
	e.clocks()
	e.count()
	e.summary()
	return e.findings, nil
}

// examination is an Examine under way.
type examination struct {
	options    Options
	visits     []*visit
	set        string // that of most records, "" when there is none
	generation int
	findings   []Finding
	voting     int
}

func (e *examination) say(level Level, node, format string, args ...any) {
	e.findings = append(e.findings, Finding{Level: level, Node: node, Text: oneLine(fmt.Sprintf(format, args...))})
}

// majority is the set that most nodes belong to, the smaller name in a tie, and
// its generation.
func (e *examination) majority() (set string, generation int) {
	counts := map[string]int{}
	for _, v := range e.visits {
		if v.record.exists() {
			counts[v.record.set]++
		}
	}
	for s, n := range counts {
		if set == "" || n > counts[set] || n == counts[set] && s < set {
			set = s
		}
	}
	for _, v := range e.visits {
		if v.record.exists() && v.record.set == set {
			generation = max(generation, v.record.generation)
		}
	}
	return set, generation
}

// node says all that there is to say of one node.
func (e *examination) node(ctx context.Context, v *visit) {
	if v.err != nil {
		e.say(LevelUnsafe, v.name, "does not answer, so that nothing can be said of it: %v; start it, or correct its --node or --node-timeout=%v", v.err, e.options.NodeTimeout)
		return
	}
	e.server(v)
	e.member(v)
	e.memory(v)
	e.durability(ctx, v)
	e.rights(ctx, v)
}

// server is about what kind of server answers.
func (e *examination) server(v *visit) {
	if tooOld(v.facts.version) {
		e.say(LevelUnsafe, v.name, "redis %s is too old and is not used; upgrade it to 7.0 or newer", v.facts.version)
	}
	if err := v.facts.problem(); err != nil {
		e.say(LevelUnsafe, v.name, "%v", err)
	}
	for _, other := range e.visits {
		if other == v {
			break // said once, of the later one
		}
		if v.facts.run != "" && other.facts.run == v.facts.run {
			e.say(LevelUnsafe, v.name, "%v", &sameServerError{name: other.name})
		}
	}
}

// count is about how many nodes there are.
func (e *examination) count() {
	switch n := len(e.visits); {
	case n == 1:
		e.say(LevelWarn, "", "one node is no quorum: a lock is as safe as that node, and nothing works while it is away; give --node 3 or 5 times")
	case n%2 == 0:
		e.say(LevelWarn, "", "%d nodes survive no more failures than %d; give --node an odd number of times", n, n-1)
	}
}

// clocks compares the nodes' clocks with each other: ours is no member.
func (e *examination) clocks() {
	var known []*visit
	for _, v := range e.visits {
		if v.clock {
			known = append(known, v)
		}
	}
	if len(known) < 2 {
		return
	}
	slices.SortFunc(known, func(a, b *visit) int { return int((a.offset - b.offset) / time.Microsecond) })
	behind, ahead := known[0], known[len(known)-1]
	apart := ahead.offset - behind.offset - behind.spread - ahead.spread
	if most := e.options.MaxTTL / (2 * fenceBoundShare); apart > most {
		e.say(LevelWarn, ahead.name, "its clock is %v ahead of that of %s; set the nodes' clocks (NTP): beyond --max-ttl/%d=%v a LOCK with FENCE is refused there",
			apart.Round(time.Millisecond), behind.name, fenceBoundShare, e.options.MaxTTL/fenceBoundShare)
	}
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// summary is the last finding.
func (e *examination) summary() {
	needed := len(e.visits)/2 + 1
	unsafe, warnings := 0, 0
	for _, f := range e.findings {
		switch f.Level {
		case LevelUnsafe:
			unsafe++
		case LevelWarn:
			warnings++
		}
	}
	head := fmt.Sprintf("%s, %d needed, %d may vote now", counted(len(e.visits), "node"), needed, e.voting)
	if unsafe > 0 {
		e.say(LevelUnsafe, "", "%s: not safe, %d to mend", head, unsafe)
		return
	}
	if warnings > 0 {
		head += ", " + counted(warnings, "warning")
	}
	e.say(LevelOK, "", "%s: safe", head)
}

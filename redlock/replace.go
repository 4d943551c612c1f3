package redlock

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Replaced is what Replace did.
type Replaced struct {
	New string
	// Wait is how long running processes wait before the new node votes, from when
	// they see it; 0 when it does already.
	Wait time.Duration
	// Old is why the old node could not be told, nil when it was. It need not be.
	Old error
}

// Replace makes one of Options.Nodes, which name the quorum as it shall be, a
// member in the place of old. All the other nodes must answer and vote; the new
// one must never have been a member. What is half done is completed by asking for
// the same again. The error says in a sentence what is in the way, and nothing
// was changed if it says so before the first step.
//
// Why that is safe while processes with the old nodes and with the new ones lock:
//
// Every majority of the old nodes, and of the new, has one of the members that
// stay. Their records get a higher generation first. A vote rests on a look at the
// record that is at most guardPeriod old, and on none from before its process knew
// of the generation (nodeLink.send): so within that time of the last step no lock
// is granted or extended with the vote of the old node, whatever else a process
// could or could not reach meanwhile. Only then the new node gets its record. It is
// quarantined by it, and every process waits from its own first sight of that
// record until the longest lock has lapsed (guard.note). What the old node had a
// part in is over by then, so it need not be asked, or be there at all.
//
// Between the steps the members are of two generations, and those of the lower
// do not vote: locks may fail, and none is granted twice.
func Replace(ctx context.Context, o Options, old Node) (Replaced, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return Replaced{}, err
	}
	if old.Options == nil {
		return Replaced{}, fmt.Errorf("redlock: node %q has no Options", old.Name)
	}
	p := &replacement{options: o, scripts: newScripts(), old: oneLine(old.Name)}
	visits := visitAll(ctx, o, append(slices.Clone(o.Nodes), old))
	for _, v := range visits {
		defer v.end()
	}
	last := len(visits) - 1
	p.nodes, p.left = visits[:last], visits[last]
	if err := p.examine(); err != nil {
		return Replaced{}, err
	}
	if err := p.raise(ctx); err != nil {
		return Replaced{}, err
	}
	if err := p.join(ctx); err != nil {
		return Replaced{}, err
	}
	done := Replaced{New: p.fresh.name, Old: p.retire(ctx)}
	if !p.fresh.record.votes(p.fresh.facts.run) {
		done.Wait = (p.longest + drift(p.longest, o.DriftFactor) + guardPeriod).Round(time.Second)
	}
	return done, nil
}

// replacement is a Replace under way.
type replacement struct {
	options Options
	scripts scripts
	nodes   []*visit // the new list
	left    *visit   // the old node
	old     string   // its name
	names   []string // of the new list

	fresh   *visit // the new node
	stay    []*visit
	set     string
	target  int // the generation to come, or the one that is half done
	longest time.Duration
}

// raise gives those that stay the new generation, all at once: until the last
// one has it, only those that have it vote.
func (p *replacement) raise(ctx context.Context) error {
	failed := make(chan error)
	for _, v := range p.stay {
		go func() {
			next := v.record
			next.generation, next.names, next.ttl = p.target, p.names, max(p.longest, v.record.ttl)
			if v.record.generation == p.target {
				failed <- nil
				return
			}
			failed <- p.swap(ctx, v, &next)
		}()
	}
	var first error
	for range p.stay {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// join gives the new node its record, unless an earlier try did.
func (p *replacement) join(ctx context.Context) error {
	if p.fresh.record.exists() {
		return nil
	}
	return p.swap(ctx, p.fresh, &record{
		format: memberFormat, memory: newID(), state: quarantined, run: p.fresh.facts.run, set: p.set, nodes: len(p.nodes),
		ttl: p.longest, generation: p.target, names: p.names,
	})
}

// retire tells the old node, so that its record says what it is. It need not
// answer.
func (p *replacement) retire(ctx context.Context) error {
	r := p.left.record
	switch {
	case p.left.err != nil:
		return p.left.err
	case p.left.blind != nil:
		return p.left.blind
	case r.set != p.set || r.generation >= p.target || r.state == retired:
		return nil // it is none of ours, or knows
	}
	r.state = retired
	return p.swap(ctx, p.left, &r)
}

// swap puts next in the place of the record that was seen, and looks whether it
// is there. A look notes no ttl, as none is allowed here.
func (p *replacement) swap(ctx context.Context, v *visit, next *record) error {
	load := redis.NewCmd(ctx, "script", "load", p.scripts.member.source)
	look := redis.NewCmd(ctx, swapArgs(&p.scripts, 0, memberFormat, &v.record, next)...)
	if err := v.ask(ctx, load, look); err != nil {
		return fmt.Errorf("%s: %w; nothing is lost, run it again", v.name, err)
	}
	if err := look.Err(); err != nil {
		return fmt.Errorf("%s: %w; nothing is lost, run it again when that is mended", v.name, cause(err))
	}
	_, found, err := readLook(look.Val())
	if err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	if !slices.Equal(found.identity(), next.identity()) || !slices.Equal(found.names, next.names) {
		return fmt.Errorf("the record of %s changed meanwhile; run it again", v.name)
	}
	v.record = found
	return nil
}

// list is names for a sentence.
func list(visits []*visit) string {
	var names []string
	for _, v := range visits {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}

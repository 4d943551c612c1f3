package history

import (
	"fmt"
	"io"
	"time"

	"github.com/anishathalye/porcupine"
)

// Verdict is that of porcupine on the history of one resource.
type Verdict struct {
	Resource string
	Result   porcupine.CheckResult
	rules    Rules
	info     porcupine.LinearizationInfo
}

// Picture writes the page that shows the longest order that was found.
func (v Verdict) Picture(w io.Writer) error {
	if err := porcupine.Visualize(v.rules.model(), v.info, w); err != nil {
		return fmt.Errorf("draw the history of %s: %w", v.Resource, err)
	}
	return nil
}

// Linearizable returns a verdict for each resource whose history no single lock
// could have had, or for which that was not found out in time.
func (r Rules) Linearizable(ops []Op, patience time.Duration) []Verdict {
	var bad []Verdict
	for resource, part := range byResource(ops) {
		result, info := porcupine.CheckOperationsVerbose(r.model(), operations(part), patience)
		if result != porcupine.Ok {
			bad = append(bad, Verdict{resource, result, r, info})
		}
	}
	return bad
}

// operations leaves out what says nothing, and ends what is unknown when it can
// no longer matter: each operation that is open for ever doubles the work.
func operations(ops []Op) []porcupine.Operation {
	matters := relevance(ops)
	var all []porcupine.Operation
	for i, o := range ops {
		switch {
		case o.Kind == Lock && o.Outcome == No:
			continue
		case o.Outcome == Unknown && o.Kind != Forget:
			end := matters[o.Token]
			switch {
			case o.Token == "":
				continue
			case o.Kind == Unlock:
				o.Return = max(o.Return, end.believed)
			case end.last < o.Call:
				continue
			default:
				o.Return = max(o.Return, end.last)
			}
		}
		all = append(all, porcupine.Operation{
			ClientId: o.Client, Input: o, Output: ops[i].Outcome,
			Call: int64(o.Call), Return: int64(o.Return),
		})
	}
	return all
}

// span is how long the unknown operations of a token can matter: one that locks
// or extends as long as an answer still has to be explained by it; one that
// unlocks as long as it could let others in before the validity is over.
type span struct{ last, believed time.Duration }

func relevance(ops []Op) map[string]span {
	all := make(map[string]span)
	for _, o := range ops {
		s := all[o.Token]
		if o.Outcome == Yes {
			s.last = max(s.last, o.Return)
		}
		if o.grants() {
			s.believed = max(s.believed, o.until())
		}
		all[o.Token] = s
	}
	return all
}

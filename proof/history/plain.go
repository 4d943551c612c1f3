package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// belief is a time during which a client holds a resource, as far as it knows.
type belief struct {
	token    string
	from, to time.Duration
	by       Op
}

// Plain returns, in words, every pair of operations that contradict each other
// by plain comparison, and every reply whose arithmetic is wrong.
func Plain(ops []Op) []string {
	wrong := arithmetic(ops)
	for _, part := range byResource(ops) {
		wrong = append(wrong, overlaps(part)...)
		wrong = append(wrong, fences(part)...)
	}
	return wrong
}

// arithmetic: no validity may reach into the drift, and a fence is given to
// those who asked for it.
func arithmetic(ops []Op) (wrong []string) {
	for _, o := range ops {
		if most := o.TTL - clocks(o.TTL); o.grants() && (o.Validity <= 0 || o.Validity > most) {
			wrong = append(wrong, fmt.Sprintf("a validity of %v, want at most %v: %v", o.Validity, most, o))
		}
		if o.grants() && o.Fenced != (o.Fence > 0) {
			wrong = append(wrong, fmt.Sprintf("fence %d, asked for: %v: %v", o.Fence, o.Fenced, o))
		}
	}
	return wrong
}

// overlaps finds two tokens that are believed to hold at the same time.
func overlaps(ops []Op) (wrong []string) {
	all := beliefs(ops)
	slices.SortFunc(all, func(a, b belief) int { return cmp.Compare(a.from, b.from) })
	for i, b := range all {
		for _, a := range all[:i] {
			if a.token != b.token && b.from < a.to && !excused(ops, a, b) {
				wrong = append(wrong, fmt.Sprintf("two holders for %v:\n\t%v\n\t%v", min(a.to, b.to)-b.from, a.by, b.by))
			}
		}
	}
	return wrong
}

// excused: a node lost its keys unseen after a was granted, and b was asked for
// before that was noticed.
func excused(ops []Op, a, b belief) bool {
	return slices.ContainsFunc(ops, func(o Op) bool {
		return o.Kind == Forget && a.by.Call <= o.Return && o.Call <= b.from && b.by.Call <= o.Return
	})
}

// beliefs lists them all, cut off where the client stopped believing.
func beliefs(ops []Op) (all []belief) {
	ends := make(map[string]time.Duration)
	stop := func(token string, at time.Duration) {
		if end, known := ends[token]; !known || at < end {
			ends[token] = at
		}
	}
	for _, o := range ops {
		switch {
		case o.Kind == Unlock:
			stop(o.Token, o.Call)
		case o.Kind == Extend && o.Outcome == No:
			stop(o.Token, o.Return)
		}
	}
	for _, o := range ops {
		if !o.grants() {
			continue
		}
		b := belief{token: o.Token, from: o.Return, to: o.until(), by: o}
		if end, known := ends[o.Token]; known {
			b.to = min(b.to, end)
		}
		if b.from < b.to {
			all = append(all, b)
		}
	}
	return all
}

// fences must be greater than all that were told before they were asked for, and
// never the same twice.
func fences(ops []Op) (wrong []string) {
	var grants []Op
	for _, o := range ops {
		if o.grants() && o.Fence != 0 {
			grants = append(grants, o)
		}
	}
	slices.SortFunc(grants, func(a, b Op) int { return cmp.Compare(a.Fence, b.Fence) })
	first := never // the earliest end among those with greater or equal fences
	var by Op
	for i, o := range slices.Backward(grants) {
		if i > 0 && grants[i-1].Fence == o.Fence {
			wrong = append(wrong, fmt.Sprintf("one fence twice:\n\t%v\n\t%v", grants[i-1], o))
		}
		if first < o.Call {
			wrong = append(wrong, fmt.Sprintf("a fence that falls:\n\t%v\n\t%v", by, o))
		}
		if o.Return < first {
			first, by = o.Return, o
		}
	}
	return wrong
}

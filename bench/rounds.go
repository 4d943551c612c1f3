package main

import (
	"context"
	"errors"
	"fmt"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/stage"
)

// variant is a stage and the turns on it.
type variant struct {
	options stage.Options
	// faulty says that a node is at fault, and locks may be left behind.
	faulty bool
	turns  func(*stage.Stage) []turn
}

// rounds opens the stages of all variants and lets their turns be taken, one
// after the other, as often as the plan says: A B C, A B C, ...
func rounds(ctx context.Context, p plan, variants ...variant) (results []measurement, version string, err error) {
	var benches []*bench
	for _, v := range variants {
		v.options.Binary = p.proxy
		s, failed := stage.Open(ctx, v.options)
		if failed != nil {
			return nil, "", failed
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		benches = append(benches, &bench{stage: s, plan: p, ownSet: v.faulty})
		version = s.Version
	}
	for round := range p.rounds {
		for i, b := range benches {
			b.until = fmt.Sprintf("round %d of %d:", round+1, p.rounds)
			for _, t := range variants[i].turns(b.stage) {
				m, err := b.measure(ctx, t)
				if err != nil {
					return results, version, err
				}
				results = append(results, m)
			}
		}
	}
	return results, version, nil
}

// always are turns that do not depend on the stage.
func always(t ...turn) func(*stage.Stage) []turn {
	return func(*stage.Stage) []turn { return t }
}

// each gives one turn to each peer.
func each(setting string, count int, peers ...string) []turn {
	var turns []turn
	for _, peer := range peers {
		turns = append(turns, turn{setting: setting, peer: peer, callers: count})
	}
	return turns
}

// failure is about the pairs that failed, nil when none did: a run with such
// pairs is no measurement. Of the other libraries it is one all the same when a
// node was at fault: that is what they do then.
func failure(results []measurement) error {
	var errs error
	for _, m := range results {
		if m.Errors > 0 && (callers.Ours(m.peer) || !m.faulty()) {
			errs = errors.Join(errs, fmt.Errorf("%s %s, %d callers: %d pairs failed, the first with: %s", m.setting, m.peer, m.callers, m.Errors, m.First))
		}
	}
	return errs
}

package main

import (
	"context"
	"errors"
	"fmt"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/stage"
)

// rounds opens a stage and lets the turns be taken, one after the other, as
// often as the plan says: A B C, A B C, ...
func rounds(ctx context.Context, p plan, o stage.Options, faulty bool, turns func(*stage.Stage) []turn) (results []measurement, version string, err error) {
	o.Binary = p.proxy
	s, err := stage.Open(ctx, o)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	b := &bench{stage: s, plan: p, ownSet: faulty}
	for round := range p.rounds {
		b.until = fmt.Sprintf("round %d of %d:", round+1, p.rounds)
		for _, t := range turns(s) {
			m, err := b.measure(ctx, t)
			if err != nil {
				return results, s.Version, err
			}
			results = append(results, m)
		}
	}
	return results, s.Version, nil
}

// always are turns that do not depend on the stage.
func always(t ...turn) func(*stage.Stage) []turn {
	return func(*stage.Stage) []turn { return t }
}

func joinClose(err error, p *callers.Process) error { return errors.Join(err, p.Close()) }

// failure is about the pairs that failed, nil when none did: a run with such
// pairs is no measurement. With a node at fault others than ours may fail.
func failure(results []measurement, onlyOurs bool) error {
	var errs error
	for _, m := range results {
		if m.Errors > 0 && (!onlyOurs || callers.Ours(m.peer)) {
			errs = errors.Join(errs, fmt.Errorf("%s %s, %d callers: %d pairs failed, the first with: %s", m.setting, m.peer, m.callers, m.Errors, m.First))
		}
	}
	return errs
}

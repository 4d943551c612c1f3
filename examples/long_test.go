package examples_test

import (
	"testing"
	"time"
)

// longest is the longest ttl in the programs.
const longest = 5 * time.Second

// attempt is a program with a task of its own.
type attempt struct {
	program
	resource string
	file     *gate
	run      run
}

// enter starts all programs and returns when they are in the middle of their
// tasks: tests that wait for a ttl need to wait but once.
func enter(t *testing.T, proxy string) (all []attempt) {
	t.Helper()
	for _, p := range programs {
		a := attempt{program: p, resource: "jobs:" + p.name, file: newGate(t)}
		a.run = p.start(t, proxy, a.resource, a.file.path)
		all = append(all, a)
	}
	for _, a := range all {
		a.file.await(t, a.run.running)
	}
	return all
}

// TestTaskOutlastsTheTTL: who extends goes on, and who does not notices.
func TestTaskOutlastsTheTTL(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := enter(t, s.addr)
	entered := time.Now()
	eventually(t, "the end of every ttl", func() bool { return time.Since(entered) > longest })
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			if a.extends {
				s.wantHeld(t, a.resource)
				a.file.open("41")
				wantEnd(t, a.run, done)
				a.file.want(t, "42")
			} else {
				a.file.open("41")
				wantWords(t, wantEnd(t, a.run, lost), "was lost before the")
			}
			s.wantFree(t, a.resource)
		})
	}
}

// TestNoQuorumUntilTheEndOfTheValidity: UNLOCK does not answer, so the clock
// alone tells that the lock was lost. Who extends does not act any more.
func TestNoQuorumUntilTheEndOfTheValidity(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := enter(t, s.addr)
	s.loseQuorum()
	entered := time.Now()
	eventually(t, "the end of every validity", func() bool { return time.Since(entered) > longest })
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			a.file.open("41")
			wantWords(t, wantEnd(t, a.run, lost), "was lost before the")
			if a.extends {
				a.file.want(t, "")
			}
		})
	}
}

package commands

import (
	"maps"
	"slices"
	"time"
)

// Stats is what the table has counted since the start, whatever CONFIG RESETSTAT has
// INFO show. No argument of a command is in it, and as many names as the program
// knows.
type Stats struct {
	// Commands are all rows by name, subcommands as "client|list" behind theirs.
	Commands []CommandStats
	// Errors are error replies by their code, every one of ErrorCodes.
	Errors map[string]int64
	// Limits are error replies with the code LIMIT, by what was reached: every one
	// of LimitNames.
	Limits map[string]int64
	// Denied are refusals by the ACL: "auth", "command" and "key".
	Denied map[string]int64
	Since  time.Time // when the table was prepared
}

// CommandStats are of one command.
type CommandStats struct {
	Name     string
	Locks    bool // one of the lock commands
	Calls    int64
	Rejected int64 // refused before they were run
	Failed   int64 // answered with an error
	// Took is from the start of the calls to their answers, without the time that
	// LOCKs waited.
	Took time.Duration
}

const codeLimit = "LIMIT"

// ErrorCodes lists the first words of all errors.
func ErrorCodes() []string {
	return []string{
		"ERR", "EXECABORT", "LEAVING", codeLimit, "LOCKLOST", "NOAUTH", "NOPERM",
		"NOPROTO", "NOQUORUM", "TOOLATE", "UNBLOCKED", "WRONGPASS",
	}
}

// The limits that a client can hear of.
const (
	limitOverload    = "overload"
	limitWaiters     = "max_waiters"
	limitOnResource  = "max_waiters_per_resource"
	limitOnSession   = "waits_per_connection"
	limitHolds       = "max_holds"
	limitChannels    = "subscriptions"
	limitGuesses     = "wrong_passwords"
	limitUnspecified = "other"
)

// LimitNames lists them.
func LimitNames() []string {
	return []string{limitOverload, limitWaiters, limitOnResource, limitOnSession, limitHolds, limitChannels, limitGuesses, limitUnspecified}
}

func limitOf(e Error) string {
	switch e {
	case errOverloaded:
		return limitOverload
	case errWaiters:
		return limitWaiters
	case errResourceWaiters:
		return limitOnResource
	case errSessionWaits:
		return limitOnSession
	case errHolds:
		return limitHolds
	case errSubscriptions:
		return limitChannels
	case errGuessing:
		return limitGuesses
	}
	return limitUnspecified
}

// Leaving tells whether the proxy shuts down: no new locks are taken.
func (t *Table) Leaving() bool { return t.leaving.Load() }

// Stats takes a snapshot.
func (t *Table) Stats() Stats {
	s := &t.stats
	v := Stats{
		Errors: map[string]int64{},
		Limits: map[string]int64{},
		Denied: map[string]int64{
			"auth": s.deniedAuth.total(), "command": s.deniedCommand.total(), "key": s.deniedKey.total(),
		},
		Since: t.since,
	}
	for _, code := range ErrorCodes() {
		v.Errors[code] = 0
	}
	for _, name := range LimitNames() {
		v.Limits[name] = 0
	}
	s.mu.Lock()
	maps.Copy(v.Errors, s.byCode)
	maps.Copy(v.Limits, s.byLimit)
	s.mu.Unlock()
	for _, r := range t.sorted(true) {
		v.Commands = append(v.Commands, CommandStats{
			Name: r.full, Locks: slices.Contains(r.Categories, "lock"),
			Calls: r.counts.calls.total(), Rejected: r.counts.rejected.total(), Failed: r.counts.failed.total(),
			Took: time.Duration(r.counts.nanos.total()),
		})
	}
	return v
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"redlock-proxy/internal/holding"
)

// runCommand is the subcommand that holds a lock while a command runs.
type runCommand struct {
	proxyConfig      `embed:""`
	TTL              time.Duration  `help:"How long others are kept out when this machine dies or no proxy is left; at most --max-ttl of the proxies." name:"ttl" default:"30s"`
	Wait             *time.Duration `help:"How long to wait when another holds the lock, or when nobody can tell; without end if not given." placeholder:"DURATION"`
	Try              bool           `help:"Do not wait: the same as --wait=0s."`
	Grace            time.Duration  `help:"How long the command has between SIGTERM and SIGKILL when the lock is lost; at most half of --ttl less 0.2s." default:"5s"`
	ConflictExitCode int            `help:"Exit code when another holds the lock; with 0 nothing is said either." default:"75" placeholder:"CODE"`

	Resource string   `arg:"" help:"What to lock."`
	Command  []string `arg:"" name:"command" help:"What to run, and its arguments."`
}

// Exit codes of run besides those of the command, from sysexits.h as they are
// rarely a command's own, and two as shells have them.
const (
	exitUnavailable = 69
	exitLost        = 70
	exitHeld        = 75
	exitNotRunnable = 126
	exitNoCommand   = 127
)

// killMargin is what is left of the validity when SIGKILL is sent, for the
// kernel to carry it out and for a machine that is busy.
const killMargin = 200 * time.Millisecond

// watchBeat is how often the clock is looked at. A timer for the whole time
// would stand still while the machine is suspended.
const watchBeat = 20 * time.Millisecond

// Help is what --help shows besides the flags.
func (*runCommand) Help() string {
	return `The lock is extended until CMD ends. CMD finds REDLOCK_RESOURCE and REDLOCK_FENCE in its environment. When the lock can not be extended, CMD and all that it has started get SIGTERM and after --grace SIGKILL, before another can get the lock.

Exit codes: that of CMD, or 128+n when signal n ended it. 2 wrong flag, or refused by the proxy; 69 no quorum or no proxy: nothing was run; 70 the lock was lost before CMD had ended; 75 another holds the lock (--conflict-exit-code): nothing was run; 126 CMD can not be run; 127 CMD is not found; 128+n signal n came while waiting: nothing was run.

Example: redlock-proxy run --try --addr a:7379 --addr b:7379 jobs:nightly -- /usr/local/bin/nightly --full`
}

// exitError is the end of the program with a code of its own.
type exitError struct {
	code int
	err  error // nil: nothing to say
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

// Run takes the lock, runs the command and releases the lock.
func (r *runCommand) Run(env *environment) error {
	if err := r.validate(); err != nil {
		return err
	}
	options, err := r.lockOptions(env.stderr)
	if err != nil {
		return err
	}
	if env.given.file.exposed() {
		r.say(env.stderr, "others may read the file of --config, and there are passwords in it; chmod o-r %s", env.given.file.name)
	}
	// Before the lock is taken, as it would be taken for nothing.
	if _, err := exec.LookPath(r.Command[0]); errors.Is(err, os.ErrPermission) {
		return exitError{exitNotRunnable, fmt.Errorf("%s: %w", r.Command[0], err)}
	} else if err != nil {
		return exitError{exitNoCommand, fmt.Errorf("%s: %w", r.Command[0], err)}
	}
	return r.runLocked(env, options)
}

// validate checks what a single flag's type does not say.
func (r *runCommand) validate() error {
	switch {
	case r.Resource == "":
		return usageError("RESOURCE is empty: name what to lock; is a variable not set?")
	case r.Try && r.Wait != nil && *r.Wait != 0:
		return usageError(fmt.Sprintf("--try and --wait=%v: use one", *r.Wait))
	case r.TTL < time.Second || r.TTL > 24*time.Hour:
		return usageError(fmt.Sprintf("--ttl=%v: must be within 1s and 24h", r.TTL))
	case r.Grace < 0 || r.Grace > r.TTL/2-killMargin:
		return usageError(fmt.Sprintf("--grace=%v: with --ttl=%v it must be within 0s and %v, as the command must have ended before the ttl is over and the rest is for extending the lock", r.Grace, r.TTL, r.TTL/2-killMargin))
	case r.Wait != nil && *r.Wait < 0:
		return usageError(fmt.Sprintf("--wait=%v: must not be negative", *r.Wait))
	case r.ConflictExitCode < 0 || r.ConflictExitCode > 255:
		return usageError(fmt.Sprintf("--conflict-exit-code=%d: must be within 0 and 255", r.ConflictExitCode))
	}
	return nil
}

// lockOptions are what the flags mean to package holding. What goes wrong
// meanwhile is written to stderr.
func (r *runCommand) lockOptions(stderr io.Writer) (holding.Options, error) {
	all, err := r.proxies()
	if err != nil {
		return holding.Options{}, err
	}
	if r.Try {
		r.Wait = new(time.Duration)
	}
	return holding.Options{
		Proxies:  all,
		Resource: r.Resource,
		TTL:      r.TTL,
		Reserve:  r.Grace + killMargin + watchBeat,
		Wait:     r.Wait,
		Tell:     func(err error) { r.say(stderr, "%v", err) },
	}, nil
}

// say writes a line that names the resource, as the command may write too.
func (r *runCommand) say(stderr io.Writer, format string, words ...any) {
	_, _ = fmt.Fprintf(stderr, "redlock-proxy: %s: %s\n", r.Resource, fmt.Sprintf(format, words...))
}

// environment of the command: ours, without what may hold a password.
func (r *runCommand) environment(app *kong.Application, fence int64) []string {
	const resource, number = "REDLOCK_RESOURCE", "REDLOCK_FENCE"
	flags := flagsByEnv(app)
	var all []string
	for _, e := range os.Environ() {
		name, value, _ := strings.Cut(e, "=")
		if name != resource && name != number && !mayBeSecret(flags[name], value) {
			all = append(all, e)
		}
	}
	return append(all, resource+"="+r.Resource, fmt.Sprint(number, "=", fence))
}

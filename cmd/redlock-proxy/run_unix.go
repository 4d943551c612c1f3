//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"redlock-proxy/internal/family"
	"redlock-proxy/internal/holding"
)

// runLocked gives nil or an exitError.
func (r *runCommand) runLocked(env *environment, options holding.Options) error {
	signals := family.Signals()
	held, err := r.lock(options, signals)
	if err != nil {
		return err
	}
	command, err := family.Start(r.Command, r.environment(env.given.command.Model, held.Fence))
	if err != nil {
		_ = held.Release() // nothing was done under it
		return exitError{exitNotRunnable, err}
	}
	keeping, stop := context.WithCancel(context.Background())
	kept := make(chan struct{})
	go func() { defer close(kept); held.Keep(keeping) }()
	w := &watch{grace: r.Grace, held: held, command: command, say: func(words string) { r.say(env.stderr, "%s", words) }}
	w.untilEnded(signals)
	stop()
	<-kept
	err = held.Release()
	switch {
	case w.lost:
		return exitError{exitLost, fmt.Errorf("%s: the lock was lost and the command ended", r.Resource)}
	case errors.Is(err, holding.ErrLost):
		return exitError{exitLost, fmt.Errorf("%s: %w before the command had ended, with code %d", r.Resource, err, command.Code())}
	case err != nil:
		r.say(env.stderr, "%v", err)
	}
	return exitError{command.Code(), nil}
}

// lock waits for the lock, or for a signal.
func (r *runCommand) lock(options holding.Options, signals <-chan os.Signal) (*holding.Held, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	locked := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGPIPE {
					cancel(interrupted{s.(syscall.Signal)})
				}
			case <-locked:
				return
			}
		}
	}()
	held, err := holding.Lock(ctx, options)
	close(locked)
	<-ended
	if s := (interrupted{}); errors.As(context.Cause(ctx), &s) {
		if err == nil {
			_ = held.Release()
		}
		return nil, exitError{128 + int(s.Signal), nil}
	}
	return held, r.lockError(err)
}

// lockError gives an error of package holding its exit code.
func (r *runCommand) lockError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, holding.ErrHeld) && r.ConflictExitCode == 0:
		return exitError{0, nil}
	case errors.Is(err, holding.ErrHeld):
		return exitError{r.ConflictExitCode, fmt.Errorf("%s: %w", r.Resource, err)}
	case errors.Is(err, holding.ErrRefused):
		return exitError{exitUsage, fmt.Errorf("%s: %w", r.Resource, err)}
	}
	return exitError{exitUnavailable, fmt.Errorf("%s: nothing was run: %w", r.Resource, err)}
}

// interrupted is a signal that came while waiting for the lock.
type interrupted struct{ syscall.Signal }

func (i interrupted) Error() string { return i.String() }

// watch sees to it that the command does not outlive the lock.
type watch struct {
	grace   time.Duration
	held    *holding.Held
	command *family.Family
	say     func(string)

	lost   bool
	killAt time.Duration // by holding.Now, once lost
}

// untilEnded passes signals on until the command has ended; once the lock is
// lost, until all that it has started has ended too.
func (w *watch) untilEnded(signals <-chan os.Signal) {
	beat := time.NewTicker(watchBeat)
	defer beat.Stop()
	lost, ended := w.held.Lost(), w.command.Ended()
	for {
		select {
		case s := <-signals:
			w.command.ForwardSignal(s)
		case <-lost:
			lost = nil
			w.giveUp("the lock is lost, somebody released or deleted it")
		case <-ended:
			if !w.lost {
				return
			}
			ended = nil
		case <-w.command.Gone():
			return
		case <-beat.C:
			w.look()
		}
	}
}

// look compares the clock with the end of the validity.
func (w *watch) look() {
	if !w.lost && holding.Now() >= w.held.Until()-killMargin-w.grace-watchBeat {
		w.giveUp("the lock could not be extended in time")
	}
	if w.lost && holding.Now() >= w.killAt {
		w.command.SignalAll(syscall.SIGKILL)
	}
}

// giveUp asks the command to end, unless it is too late for that already.
func (w *watch) giveUp(why string) {
	if w.lost {
		return
	}
	w.lost = true
	now := holding.Now()
	w.killAt = min(now+w.grace, w.held.Until()-killMargin)
	if now >= w.killAt {
		w.command.SignalAll(syscall.SIGKILL)
		w.say(why + "; the command is killed")
		return
	}
	w.command.SignalAll(syscall.SIGTERM)
	w.command.SignalAll(syscall.SIGCONT) // one that stands still could not end
	w.say(fmt.Sprintf("%s; the command has %v to end", why, (w.killAt - now).Round(time.Millisecond)))
}

// Redlock-proxy is a Redis-protocol proxy that serves lock commands: LOCK,
// EXTEND and UNLOCK over a quorum of independent Redis masters.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
)

// Exit codes: a clean end, a failure while running, a wrong flag.
const (
	exitClean   = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	redis.SetLogger(silence{})
	ends := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGINT) { // a shell's background is not meant by Ctrl-C
		ends = append(ends, syscall.SIGINT)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// program is what kong fills in: a field for each subcommand. --version has no
// name in the environment: set there, it would answer for every subcommand.
type program struct {
	Config     configFlag       `help:"YAML file with any of these flags, without the dashes." placeholder:"FILE"`
	Print      kong.VersionFlag `help:"Print the version." name:"version" env:"-"`
	Serve      serve            `cmd:"" default:"withargs" help:"Serve lock commands (the default)."`
	Check      check            `cmd:"" help:"Look at the nodes and say what would break safety; exit code 1 if anything would."`
	Replace    replace          `cmd:"" help:"Make a new node a member in the place of another."`
	Run        runCommand       `cmd:"" help:"Hold a lock, through running proxies, while a command runs." usage:"run [flags] RESOURCE -- CMD ARGS"`
	Ping       ping             `cmd:"" help:"Ask the proxy on this machine whether it answers."`
	Completion completion       `cmd:"" help:"Print a completion script for bash, zsh or fish."`
	Version    version          `cmd:"" help:"Print the version."`
}

// environment is given to the subcommands.
type environment struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	given  *given
	// again reads flags, environment and file once more, as they are now.
	again func() (*given, error)
}

// run runs the program and returns its exit code. When ctx ends it drains.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	g, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, errAnswered):
		return exitClean
	case err != nil:
		return fail(stderr, exitUsage, err)
	}
	env := &environment{ctx, stdout, stderr, g, func() (*given, error) { return parse(args, io.Discard, io.Discard) }}
	return exitCode(stderr, g.command.Run(env))
}

// exitCode says what went wrong, and gives its code.
func exitCode(stderr io.Writer, err error) int {
	var usage usageError
	var own exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &own) && own.err == nil:
		return own.code
	case errors.As(err, &own):
		return fail(stderr, own.code, err)
	case errors.As(err, &usage):
		return fail(stderr, exitUsage, err)
	}
	return fail(stderr, exitFailure, err)
}

func fail(stderr io.Writer, code int, err error) int {
	_, _ = fmt.Fprintln(stderr, "redlock-proxy:", err)
	return code
}

// usageError is a mistake in a flag or in the configuration, in one sentence.
type usageError string

func (e usageError) Error() string { return string(e) }

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// given is what flags, environment and file say.
type given struct {
	program *program
	command *kong.Context
	file    *configFile // nil: none
	// values of the flags of serve, as they were given
	values map[string]any
}

// errAnswered ends a run that --help or --version has answered.
var errAnswered = errors.New("answered")

// parse reads args, the environment and the file of --config. The error is
// errAnswered, or one sentence about what is wrong.
func parse(args []string, stdout, stderr io.Writer) (*given, error) {
	if file, set := os.LookupEnv("REDLOCK_CONFIG"); set && file != "" {
		args = append([]string{"--config", file}, args...)
	}
	g := &given{program: &program{}}
	answered := false
	var parser *kong.Kong
	var err error
	parser, err = newParser(g.program,
		kong.Writers(stdout, stderr),
		kong.Configuration(func(r io.Reader) (kong.Resolver, error) {
			file, err := readConfig(r)
			if err != nil {
				return nil, err
			}
			g.file = file
			return file, file.check(parser.Model) // kong itself would look at it last
		}),
		kong.Exit(func(int) { answered = true }),
	)
	if err != nil {
		return nil, err
	}
	g.command, err = parser.Parse(args)
	switch {
	case answered:
		return nil, errAnswered
	case err != nil:
		return nil, withAdvice(err, parser.Model, args)
	}
	g.values = valuesOf(parser.Model, "serve")
	return g, nil
}

// withAdvice adds to what kong says what it does not see: a flag that was meant
// for the command of run, and a subcommand that was mistyped, as without one it
// takes the words for serve's.
func withAdvice(err error, app *kong.Application, args []string) error {
	var wrong *kong.ParseError
	word, unexpected := strings.CutPrefix(err.Error(), "unexpected argument ")
	unknown := strings.HasPrefix(err.Error(), "unknown flag ")
	if !errors.As(err, &wrong) || !unexpected && !unknown || slices.Contains(args, "--") {
		return err
	}
	for _, p := range wrong.Context.Path {
		if p.Positional != nil && p.Parent.Name == "run" {
			return fmt.Errorf("%w; write -- in front of the command", err)
		}
	}
	for _, node := range app.Children {
		if unexpected && wrong.Context.Selected() == app.DefaultCmd && near(word, node.Name) {
			return fmt.Errorf("%w, did you mean %s?", err, node.Name)
		}
	}
	return err
}

// near tells whether one word is the other with one letter more, less or another
// one, or with two beside each other exchanged.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case len(a) < len(b):
		return a == b[1:]
	case len(a) == 0:
		return true
	}
	return a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}

// newParser makes a parser for the table of subcommands and flags that p is.
func newParser(p *program, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(p, append([]kong.Option{
		kong.Name("redlock-proxy"),
		kong.Description("A Redis-protocol proxy that serves lock commands over a quorum of independent Redis masters."),
		kong.DefaultEnvars("REDLOCK"),
		kong.Help(printHelp),
		kong.Vars{"version": "redlock-proxy " + fullVersion()},
	}, options...)...)
}

// valuesOf gives what the flags of a subcommand were set to, by their names.
func valuesOf(app *kong.Application, subcommand string) map[string]any {
	all := map[string]any{}
	for _, node := range app.Children {
		if node.Name != subcommand {
			continue
		}
		for _, f := range node.Flags {
			all[f.Name] = f.Target.Interface()
		}
	}
	return all
}

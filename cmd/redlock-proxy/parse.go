package main

import (
	"errors"
	"io"
	"os"

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
		return nil, err
	}
	g.values = valuesOf(parser.Model, "serve")
	return g, nil
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

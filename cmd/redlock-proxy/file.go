package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is the file of --config. What it says counts less than the
// environment and the command line, and it may say nothing that is unknown.
type configFile map[string]any

func loadConfig(r io.Reader) (kong.Resolver, error) {
	file := configFile{}
	if err := yaml.NewDecoder(r).Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, usageError(fmt.Sprintf("--config: not a YAML file of flags: %s", strings.ReplaceAll(err.Error(), "\n", " ")))
	}
	return file, nil
}

// Validate refuses names that are no flags: a misspelt limit is worse than
// none.
func (f configFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, isFlag := node.(*kong.Flag); isFlag {
			known[flag.Name] = true
		}
		return next(nil)
	})
	for name := range f {
		if !known[name] {
			return usageError(fmt.Sprintf("--config: %q is not the name of a flag", name))
		}
	}
	return nil
}

// Resolve gives the file's value of a flag, unless the environment has one:
// kong itself would let the file win.
func (f configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return f[flag.Name], nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is the file of --config. What it says counts less than the
// environment and the command line, and it may say nothing that is unknown.
// Values are taken as they are written: a password of digits stays what it is,
// and a time without a unit is refused as on the command line.
type configFile map[string]yaml.Node

func loadConfig(r io.Reader) (kong.Resolver, error) {
	file := configFile{}
	if err := yaml.NewDecoder(r).Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, usageError("--config: not a YAML file with a flag and its value on each line, as in max-ttl: 5m")
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
		if !known[name] || name == "help" || name == "config" {
			return usageError(fmt.Sprintf("--config: %q is not the name of a flag for the file", name))
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
	node, set := f[flag.Name]
	if !set {
		return nil, nil
	}
	var values []any
	switch {
	case node.Kind == yaml.ScalarNode:
		return node.Value, nil
	case node.Kind == yaml.SequenceNode && flag.IsSlice():
		for _, n := range node.Content {
			if n.Kind != yaml.ScalarNode {
				return nil, usageError(fmt.Sprintf("--config: %s is a list of plain values", flag.Name))
			}
			values = append(values, n.Value)
		}
		return values, nil
	}
	return nil, usageError(fmt.Sprintf("--config: %s takes a plain value", flag.Name))
}

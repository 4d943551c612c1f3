package main

import (
	"errors"
	"fmt"

	"redlock-proxy/redlock"
)

// check is the subcommand that looks at the nodes and changes nothing.
type check struct {
	quorumConfig `embed:"" set:"without_nodes="`
}

var errUnsafe = errors.New("the nodes are not safe to lock on")

// Run prints what was found, one finding a line.
func (c *check) Run(env *environment) error {
	if err := c.validateQuorum(); err != nil {
		return err
	}
	nodes, err := c.nodes()
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return usageError("--node: name the nodes to look at; the embedded ones are only in the process that serves on them")
	}
	findings, err := redlock.Examine(env.ctx, c.quorumOptions(nodes))
	if err != nil {
		return err
	}
	safe := true
	for _, f := range findings {
		safe = safe && f.Level != redlock.LevelUnsafe
		name := f.Node
		if name != "" {
			name += ": "
		}
		if _, err := fmt.Fprintf(env.stdout, "%-6s %s%s\n", f.Level, name, f.Text); err != nil {
			return err
		}
	}
	if !safe {
		return errUnsafe
	}
	return nil
}

package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// printHelp shows the flags of serve with the program's own, as serve is what
// the program does when no subcommand is named. A tag `usage` takes the place of
// kong's usage line, which knows no --.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if app := ctx.Model; ctx.Selected() == nil && app.DefaultCmd != nil {
		app.Flags = append(app.Flags, app.DefaultCmd.Flags...)
		options.NoExpandSubcommands = true
		options.FlagsLast = true
	}
	if node := ctx.Selected(); node != nil && node.Tag.Has("usage") {
		if _, err := fmt.Fprintf(ctx.Stdout, "Usage: %s %s\n", ctx.Model.Name, node.Tag.Get("usage")); err != nil {
			return err
		}
		options.NoAppSummary = true
	}
	options.ValueFormatter = withDefault
	return kong.DefaultHelpPrinter(options, ctx)
}

// withDefault adds a default that the placeholder keeps from being shown.
func withDefault(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if v.Default == "" || !v.Tag.Has("placeholder") {
		return text
	}
	return text + " Default: " + v.Default + "."
}

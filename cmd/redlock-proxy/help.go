package main

import "github.com/alecthomas/kong"

// printHelp shows the flags of serve with the program's own, as serve is what
// the program does when no subcommand is named.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if app := ctx.Model; ctx.Selected() == nil && app.DefaultCmd != nil {
		app.Flags = append(app.Flags, app.DefaultCmd.Flags...)
		options.NoExpandSubcommands = true
		options.FlagsLast = true
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

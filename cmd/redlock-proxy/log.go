package main

import (
	"context"
	"io"
	"log/slog"
)

// newLogger writes to w at the level and in the format of the flags.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // one of the enum's
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// silence takes go-redis' own messages, which it would print for every failed
// dial. What matters of them is in the nodes' states. go-redis has one logger
// for the whole process, so main sets it, once.
type silence struct{}

// Printf implements go-redis' logger.
func (silence) Printf(context.Context, string, ...any) {}

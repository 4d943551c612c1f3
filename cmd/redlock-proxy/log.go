package main

import (
	"context"
	"io"
	"log/slog"
)

// newLogger writes to w in the format of the flag. Its level can be changed.
func newLogger(w io.Writer, level *slog.LevelVar, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// levelOf reads the flag, which is one of its enum's.
func levelOf(flag string) (l slog.Level) {
	_ = l.UnmarshalText([]byte(flag))
	return l
}

// silence takes go-redis' own messages, which it would print for every failed
// dial. What matters of them is in the nodes' states. go-redis has one logger
// for the whole process, so main sets it, once.
type silence struct{}

// Printf implements go-redis' logger.
func (silence) Printf(context.Context, string, ...any) {}

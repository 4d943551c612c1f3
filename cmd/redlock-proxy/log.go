package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/redis/go-redis/v9"
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

// clientLog takes go-redis' own messages, which it would print for every
// failed dial. What matters of them is in the nodes' states.
type clientLog struct{ logger *slog.Logger }

var _ interface {
	Printf(context.Context, string, ...any)
} = clientLog{}

// Printf implements go-redis' logger.
func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	l.logger.DebugContext(ctx, "go-redis", "message", fmt.Sprintf(format, args...))
}

func quietGoRedis(l *slog.Logger) { redis.SetLogger(clientLog{l}) }

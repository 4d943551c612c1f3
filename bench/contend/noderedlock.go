package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"redlock-proxy/bench/stage"
)

// playNodeRedlock lets a Node.js process have the turn: node-redlock 5 on
// ioredis, with the defaults of both, but without an end to its tries.
func playNodeRedlock(ctx context.Context, t turn) (record, error) {
	module, err := stage.Module(ctx)
	if err != nil {
		return record{}, err
	}
	if _, err := os.Stat(filepath.Join(module, "interop/node_modules/redlock5")); err != nil {
		return record{}, fmt.Errorf("node-redlock is not installed, run npm install in bench/interop or sh test.sh: %w", err)
	}
	orders, err := json.Marshal(map[string]any{
		"nodes": t.stage.Addresses(), "resource": t.resource, "contenders": t.contenders,
		"ttl":  ttl.Milliseconds(),
		"hold": milliseconds(t.hold), "pause": milliseconds(t.pause),
		"end": milliseconds(t.end()), "over": milliseconds(t.end() + t.grace()),
	})
	if err != nil {
		return record{}, err
	}
	var errs strings.Builder
	node := exec.CommandContext(ctx, "node", filepath.Join(module, "contend/noderedlock.mjs"), string(orders))
	node.Stderr = &errs
	out, err := node.Output()
	if err != nil {
		return record{}, fmt.Errorf("noderedlock.mjs: %w: %s", err, errs.String())
	}
	return parseNode(out)
}

// milliseconds are what JavaScript counts in.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// parseNode reads what noderedlock.mjs writes.
func parseNode(out []byte) (record, error) {
	var r record
	for line := range bytes.Lines(out) {
		text := strings.TrimSpace(string(line))
		var w wait
		var err error
		switch word, rest, _ := strings.Cut(text, " "); word {
		case "got":
			_, err = fmt.Sscan(rest, &w.contender, nanoseconds(&w.asked), nanoseconds(&w.granted), nanoseconds(&w.released))
			r.waits = append(r.waits, w)
		case "cutoff":
			w.cutOff = true
			_, err = fmt.Sscan(rest, &w.contender, nanoseconds(&w.asked), nanoseconds(&w.granted))
			r.waits = append(r.waits, w)
		case "failed":
			r.fail(errors.New(rest))
		default:
			err = errors.New("unknown")
		}
		if err != nil {
			return r, fmt.Errorf("line %q of noderedlock.mjs: %w", text, err)
		}
	}
	return r, nil
}

// nanoseconds lets Sscan read a duration.
func nanoseconds(d *time.Duration) *int64 { return (*int64)(d) }

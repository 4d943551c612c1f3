// Counts the number in FILE up by one, under a lock on RESOURCE:
//
//	go run ./examples/go jobs:42 /tmp/counter
//
// withlock.go is the part to copy.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: count RESOURCE FILE")
		os.Exit(64)
	}
	os.Exit(run(os.Args[1], os.Args[2]))
}

func run(resource, file string) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	rdb := redis.NewClient(&redis.Options{
		Addr: cmp.Or(os.Getenv("REDLOCK_PROXY"), "127.0.0.1:7379"),
		// go-redis sends a command up to three times more when no answer comes
		// within ReadTimeout: safe with a TOKEN. To wait with LOCK ... BLOCK ms
		// (not in this version), use a client with a ReadTimeout above ms.
		ReadTimeout:           time.Second,
		ContextTimeoutEnabled: true, // EXTEND gives up when the lock is over
	})
	defer func() { _ = rdb.Close() }()

	err := withLock(ctx, rdb, resource, func(ctx context.Context) error { return count(ctx, file) })
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", resource, err)
	switch {
	case errors.Is(err, errHeld):
		return 75
	case errors.Is(err, errLost):
		return 70
	case notNow(err):
		return 69
	}
	return 1
}

// notNow tells what may be better in a moment from what never will.
func notNow(err error) bool {
	for _, code := range []string{"NOQUORUM ", "TOOLATE ", "LEAVING ", "LIMIT "} {
		if redis.HasErrorPrefix(err, code) {
			return true
		}
	}
	return false
}

// count is the task. Two at once would lose a count.
func count(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	select {
	case <-time.After(50 * time.Millisecond): // the work
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return os.WriteFile(file, fmt.Appendln(nil, n+1), 0o644)
}

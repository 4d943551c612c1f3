package main

import (
	"context"
	"fmt"
	"time"

	"redlock-proxy/bench/stage"
)

// ttl is what every peer asks for: so long that no lock lapses while a pair is
// under way, however busy the machine.
const ttl = 10 * time.Second

// peer is one way to lock, with all the connections it needs, open.
type peer interface {
	name() string
	// caller gives the work of one caller: locks its own resource and unlocks it.
	// An error means that there was no lock, or that it was not released.
	caller(i int) (pair func(context.Context) error)
	close() error
}

// opener opens a peer for so many callers.
type opener func(ctx context.Context, s *stage.Stage, callers int) (peer, error)

// openers is the order of the table.
func openers() []opener {
	return []opener{openProxyConns, openProxyShared, openProxyFence, openLibrary, openRedsync}
}

// resource is the caller's own. The peers share the names on purpose: a lock
// that one of them leaves behind shows as an error of the next.
func resource(caller int) string { return fmt.Sprintf("bench:%d", caller) }

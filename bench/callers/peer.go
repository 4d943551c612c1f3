package callers

import (
	"context"
	"errors"
	"fmt"
)

// peer is one way to lock, with all the connections it needs, open.
type peer interface {
	// caller gives the two steps of one caller. An error means that there was no
	// lock, or that it was not released.
	caller(i int) steps
	close() error
}

type steps struct{ lock, unlock func(context.Context) error }

var errNotReleased = errors.New("UNLOCK: 0, not held")

// openPeer opens the peer that the order names.
func openPeer(ctx context.Context, o Order) (peer, error) {
	switch o.Peer {
	case ProxyConns:
		return openProxyConns(ctx, o)
	case ProxyShared:
		return openProxyShared(o)
	case ProxyFence:
		return openProxyShared(o, "FENCE")
	case Library:
		return openLibrary(ctx, o)
	case Redsync:
		return openRedsync(ctx, o)
	case Rueidislock:
		return openRueidislock(o)
	case Redislock:
		return openRedislock(ctx, o)
	}
	return nil, fmt.Errorf("no peer is called %q", o.Peer)
}

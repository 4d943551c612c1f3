package callers

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"
)

// rueidislockPeer is rueidislock on one node, one Locker for all, with the
// options that its README gives for one Redis of version 7.
type rueidislockPeer struct {
	locker rueidislock.Locker
	order  Order
}

func openRueidislock(o Order) (peer, error) {
	l, err := rueidislock.NewLocker(rueidislock.LockerOption{
		ClientOption:   rueidis.ClientOption{InitAddress: o.Nodes[:1]},
		KeyMajority:    1,
		KeyValidity:    ttl,
		TryNextAfter:   ttl, // there is no next node; 20 ms are too few for a crowd
		NoLoopTracking: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open rueidislock: %w", err)
	}
	return &rueidislockPeer{l, o}, nil
}

func (p *rueidislockPeer) caller(i int) steps {
	name := p.order.resource(i)
	var release context.CancelFunc
	return steps{
		lock: func(ctx context.Context) (err error) {
			_, release, err = p.locker.TryWithContext(ctx, name)
			return err
		},
		unlock: func(context.Context) error {
			release() // returns when the key is gone, and has no error to give
			return nil
		},
	}
}

func (p *rueidislockPeer) close() error {
	p.locker.Close()
	return nil
}

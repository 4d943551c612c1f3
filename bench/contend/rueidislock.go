package main

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"
)

// rueidislockPeer is rueidislock on one Redis, one Locker for all, with the
// options that its README gives for one Redis of version 7. It is not Redlock:
// what that one Redis forgets is forgotten.
type rueidislockPeer struct{ locker rueidislock.Locker }

func openRueidislock(_ context.Context, t turn) (locker, error) {
	l, err := rueidislock.NewLocker(rueidislock.LockerOption{
		ClientOption:   rueidis.ClientOption{InitAddress: t.stage.Addresses()[:1]},
		KeyMajority:    1,
		NoLoopTracking: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open rueidislock: %w", err)
	}
	return &rueidislockPeer{l}, nil
}

func (p *rueidislockPeer) contender(_ int, resource string) contender {
	var held context.Context
	var release context.CancelFunc
	return contender{
		// The lock ends with the context, which must therefore outlive the wait.
		acquire: func(ctx context.Context) (err error) {
			own, giveUp := context.WithCancel(context.WithoutCancel(ctx))
			stop := context.AfterFunc(ctx, giveUp)
			held, release, err = p.locker.WithContext(own, resource)
			if !stop() && err == nil {
				release()
				err = ctx.Err()
			}
			return err
		},
		release: func(context.Context) error {
			lost := held.Err() // it ends the context of a lock that is lost
			release()
			return lost
		},
	}
}

func (p *rueidislockPeer) close() error {
	p.locker.Close()
	return nil
}

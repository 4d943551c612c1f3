package redlock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// ear is the subscriptions at one node, over a connection of their own that is
// there while there are any.
type ear struct {
	ears   *ears
	node   *node
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	done   chan struct{}
	warned bool

	// under the ears' lock
	attending bool            // there is a connection that changes are for
	pending   map[string]bool // to subscribe to or not
}

const (
	// atOnce is how many channels go into one command.
	atOnce = 512
	// earIdle is how long a connection without subscriptions is kept.
	earIdle = 5 * time.Second
	// A node that does not let itself be listened to is tried again after a
	// pause that grows; what is missed meanwhile is found by polling.
	earPauseFirst = 50 * time.Millisecond
	earPauseMost  = 5 * time.Second
)

func newEar(ctx context.Context, e *ears, n *node) *ear {
	a := &ear{ears: e, node: n, wake: make(chan struct{}, 1), done: make(chan struct{}), pending: map[string]bool{}}
	a.ctx, a.cancel = context.WithCancel(ctx)
	go a.run()
	return a
}

func (a *ear) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *ear) close() {
	a.cancel()
	<-a.done
}

// run listens whenever there is something to listen for.
func (a *ear) run() {
	defer close(a.done)
	pause := earPauseFirst
	for {
		for a.ears.silent() {
			select {
			case <-a.wake:
			case <-a.ctx.Done():
				return
			}
		}
		began := time.Now()
		err := a.attend()
		a.ears.deaf(a.node.index)
		if err == nil || time.Since(began) > earPauseMost {
			pause = earPauseFirst
		}
		if err != nil {
			a.warn(err)
			select {
			case <-time.After(pause):
			case <-a.ctx.Done():
				return
			}
			pause = min(2*pause, earPauseMost)
		}
	}
}

// warn tells of missing rights, once. That a node is away is told elsewhere.
func (a *ear) warn(err error) {
	if isReply(err) && !a.warned && a.ctx.Err() == nil {
		a.warned = true
		a.node.logger.Warn("may not SUBSCRIBE to "+reservedPrefix+"*; releases through other proxies are noticed by polling only", "err", cause(err))
	}
}

// attend keeps one connection until it breaks, or nothing is left to hear.
func (a *ear) attend() error {
	if down := a.node.isDown(); down != nil {
		return down
	}
	o := *a.node.options
	client := redis.NewClient(&o)
	defer func() { _ = client.Close() }()
	s := client.Subscribe(a.ctx)
	if err := a.subscribe(s, a.ears.all(a)); err != nil {
		_ = s.Close()
		return err
	}
	broke := make(chan error, 1)
	go func() { broke <- a.hear(s) }()
	defer func() {
		_ = s.Close()
		<-broke
	}()
	return a.follow(s, broke)
}

// follow does what changes ask for.
func (a *ear) follow(s *redis.PubSub, broke chan error) error {
	idle := time.NewTimer(earIdle)
	defer idle.Stop()
	for {
		select {
		case err := <-broke:
			broke <- err
			return err
		case <-a.ctx.Done():
			return a.ctx.Err()
		case <-idle.C:
			if a.ears.silent() {
				return nil
			}
			idle.Reset(earIdle)
		case <-a.wake:
			subscribe, unsubscribe := a.ears.changes(a)
			if err := a.subscribe(s, subscribe); err != nil {
				return err
			}
			for names := range slices.Chunk(unsubscribe, atOnce) {
				if err := s.Unsubscribe(a.ctx, names...); err != nil {
					return err
				}
			}
		}
	}
}

func (a *ear) subscribe(s *redis.PubSub, all []string) error {
	for names := range slices.Chunk(all, atOnce) {
		if err := s.Subscribe(a.ctx, names...); err != nil {
			return err
		}
	}
	return nil
}

// hear reads until the connection breaks. A node that says nothing for a while
// is pinged: one that has vanished does not close its connection.
func (a *ear) hear(s *redis.PubSub) error {
	asked := false
	for {
		message, err := s.ReceiveTimeout(a.ctx, idlePing)
		var network net.Error
		switch {
		case err == nil:
			asked = false
			a.take(message)
		case errors.As(err, &network) && network.Timeout() && !asked:
			asked = true
			if err := s.Ping(a.ctx); err != nil {
				return err
			}
		default:
			return fmt.Errorf("listening: %w", err)
		}
	}
}

func (a *ear) take(message any) {
	switch m := message.(type) {
	case *redis.Subscription:
		switch m.Kind {
		case "subscribe":
			a.ears.confirmed(a.node.index, m.Channel)
		case "unsubscribe":
			a.ears.ended(a.node.index, m.Channel)
		}
	case *redis.Message:
		a.ears.heard(a.node.index, m.Channel, m.Payload)
	}
}

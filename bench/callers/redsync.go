package callers

import (
	"context"
	"errors"

	"github.com/go-redsync/redsync/v4"
	pool "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// redsyncPeer is redsync over go-redis, with the defaults of both but for the
// pools, which have a connection for every caller.
type redsyncPeer struct {
	clients []*redis.Client
	locks   *redsync.Redsync
	order   Order
}

func openRedsync(ctx context.Context, o Order) (peer, error) {
	p := &redsyncPeer{order: o}
	var pools []pool.Pool
	var dead int
	var first error
	for _, address := range o.Nodes {
		c := redis.NewClient(&redis.Options{Addr: address, PoolSize: o.Callers + 10})
		p.clients = append(p.clients, c)
		pools = append(pools, goredis.NewPool(c))
		if err := c.Ping(ctx).Err(); err != nil {
			dead++
			first = errors.Join(first, err)
		}
	}
	if dead > (len(o.Nodes)-1)/2 {
		return nil, errors.Join(first, p.close())
	}
	p.locks = redsync.New(pools...)
	return p, nil
}

// caller makes a new mutex for each pair, as a user of redsync does.
func (p *redsyncPeer) caller(i int) steps {
	name := p.order.resource(i)
	var m *redsync.Mutex
	return steps{
		lock: func(ctx context.Context) error {
			m = p.locks.NewMutex(name, redsync.WithExpiry(ttl), redsync.WithTries(1))
			return m.LockContext(ctx)
		},
		unlock: func(ctx context.Context) error {
			released, err := m.UnlockContext(ctx)
			if err == nil && !released {
				err = errNotReleased
			}
			return err
		},
	}
}

func (p *redsyncPeer) close() error {
	var errs error
	for _, c := range p.clients {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}

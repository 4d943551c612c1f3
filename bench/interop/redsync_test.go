package interop

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	pool "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

type redsyncLibrary struct {
	locks *redsync.Redsync
	held  sync.Map // resource: *redsync.Mutex
}

func openRedsync(t *testing.T, nodes []string) library {
	var pools []pool.Pool
	for _, address := range nodes {
		c := redis.NewClient(&redis.Options{Addr: address})
		t.Cleanup(func() { _ = c.Close() })
		pools = append(pools, goredis.NewPool(c))
	}
	return &redsyncLibrary{locks: redsync.New(pools...)}
}

// lock gives the nodes half of the ttl to answer, not the twentieth that is
// redsync's default, as a busy machine needs more than that of a short one.
func (l *redsyncLibrary) lock(ctx context.Context, resource string, ttl time.Duration) (string, error) {
	m := l.locks.NewMutex(resource, redsync.WithExpiry(ttl), redsync.WithTimeoutFactor(0.5))
	if err := m.TryLockContext(ctx); err != nil {
		return "", refusal(err)
	}
	l.held.Store(resource, m)
	return m.Value(), nil
}

// extend makes a mutex of the same value, as the ttl belongs to the mutex.
func (l *redsyncLibrary) extend(ctx context.Context, resource string, ttl time.Duration) error {
	m := l.locks.NewMutex(resource, redsync.WithExpiry(ttl), redsync.WithValue(l.mutex(resource).Value()))
	_, err := m.ExtendContext(ctx)
	return refusal(err)
}

func (l *redsyncLibrary) unlock(ctx context.Context, resource string) error {
	_, err := l.mutex(resource).UnlockContext(ctx)
	return refusal(err)
}

func (l *redsyncLibrary) mutex(resource string) *redsync.Mutex {
	m, _ := l.held.Load(resource)
	return m.(*redsync.Mutex)
}

func refusal(err error) error {
	var taken *redsync.ErrTaken
	if errors.As(err, &taken) || errors.Is(err, redsync.ErrLockAlreadyExpired) {
		return errRefused
	}
	return err
}

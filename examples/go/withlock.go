package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ttl is how long a crash of the holder keeps the others out.
const ttl = 3 * time.Second

var (
	errHeld = errors.New("held by another, try again later")
	errLost = errors.New("the lock was lost before the task had ended")
)

// withLock runs task while it holds resource, extending the lock for as long as
// that takes. The task's context ends when the lock can no longer be relied on.
func withLock(ctx context.Context, rdb *redis.Client, resource string, task func(context.Context) error) (err error) {
	token := rand.Text() // a secret: who knows it can release the lock
	sent := time.Now()
	grant, err := rdb.Do(ctx, "LOCK", resource, ttl.Milliseconds(), "TOKEN", token).Slice()
	if errors.Is(err, redis.Nil) {
		return errHeld
	}
	if err != nil {
		return err
	}
	until := sent.Add(milliseconds(grant[1].(int64)))

	held, stop := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() {
		if keep(held, rdb, resource, token, until) != nil {
			stop(errLost)
		}
	})
	defer func() {
		stop(nil)
		keeper.Wait()
		// Also when ctx is over: that is no reason to keep the others out.
		released, unlockErr := rdb.Do(context.WithoutCancel(ctx), "UNLOCK", resource, token).Bool()
		switch {
		case context.Cause(held) == errLost, unlockErr == nil && !released:
			if !errors.Is(err, errLost) {
				err = errors.Join(errLost, err)
			}
		case unlockErr != nil:
			log.Printf("%s is not released and ends with its ttl: %v", resource, unlockErr)
		}
	}()
	return task(held)
}

// keep extends the lock until held is over, which is nil, or the lock is.
func keep(held context.Context, rdb *redis.Client, resource, token string, until time.Time) error {
	for {
		select {
		case <-held.Done():
			return nil
		case <-time.After(min(ttl/3, time.Until(until))):
		}
		sent := time.Now()
		valid, cancel := context.WithDeadline(held, until)
		validity, err := rdb.Do(valid, "EXTEND", resource, token, ttl.Milliseconds()).Int64()
		cancel()
		switch {
		case err == nil && validity > 0:
			until = sent.Add(milliseconds(validity))
		case err == nil, !time.Now().Before(until):
			return errLost
		} // else nobody could tell: what was granted before still stands
	}
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

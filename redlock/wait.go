package redlock

import (
	"context"
	"sync"
)

// wait turns a started call into one that is waited for. When ctx ends first,
// leave is called, and a success that comes later is handed to undo.
func wait(ctx context.Context, start func(done func(Grant, error)), leave func(), undo func(Grant)) (Grant, error) {
	type result struct {
		grant Grant
		err   error
	}
	var (
		mu        sync.Mutex
		abandoned bool
		results   = make(chan result, 1)
	)
	start(func(grant Grant, err error) {
		mu.Lock()
		gone := abandoned
		if !gone {
			results <- result{grant, err}
		}
		mu.Unlock()
		if gone && err == nil {
			undo(grant)
		}
	})
	select {
	case r := <-results:
		return r.grant, r.err
	case <-ctx.Done():
	}
	mu.Lock()
	abandoned = true
	mu.Unlock()
	leave()
	select {
	case r := <-results: // it had come just before
		return r.grant, r.err
	default:
		return Grant{}, ctx.Err()
	}
}

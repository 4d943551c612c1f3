package redlock

import (
	"testing"
	"time"
)

// TestATokenIsNotTheBeginningOfAnother, nor where the other goes on with the NUL
// that ends a token on the nodes.
func TestATokenIsNotTheBeginningOfAnother(t *testing.T) {
	t.Parallel()
	servers, q := five(t)
	mustLock(t, q, Request{Resource: "a", Token: "mine\x00and more", TTL: time.Minute})
	r := Request{Resource: "a", Token: "mine", TTL: time.Minute}
	_, err := q.Lock(t.Context(), r)
	wantErr(t, "Lock with the beginning of the token", err, ErrHeld)
	_, err = q.Extend(t.Context(), r)
	wantErr(t, "Extend with the beginning of the token", err, ErrNotHeld)
	wantErr(t, "Unlock with the beginning of the token", q.Unlock(t.Context(), r), ErrNotHeld)
	settled(t, q)
	for i, v := range holders(t, servers, "a") {
		if v == "" {
			t.Errorf("node %d lost the lock to another token", i+1)
		}
	}
}

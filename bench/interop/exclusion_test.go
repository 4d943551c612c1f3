package interop

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/redlock"
)

const (
	long  = time.Minute            // does not lapse within a test
	short = 500 * time.Millisecond // does
)

// slack is what is given up of a ttl for rounding and clocks.
func slack(ttl time.Duration) time.Duration { return ttl/100 + 2*time.Millisecond }

// TestExclusion has a case for each way in which two libraries could both think
// that they hold a resource. Each uses a resource of its own, named as is.
func TestExclusion(t *testing.T) {
	cases := map[string]func(*testing.T, *world, string){
		"what they hold is refused to us until they release it": theyHold,
		"what we hold is refused to them until we release it":   weHold,
		"a lock with the caller's own token excludes too":       weHoldByOwnToken,
		"we get what lapsed at theirs and not before":           theirsLapses,
		"they get what lapsed at ours and not before":           oursLapses,
		"their extension keeps us out":                          theyExtend,
		"our extension keeps them out":                          weExtend,
		"our release of another token frees nothing of theirs":  wrongToken,
		"exactly one wins a race":                               race,
	}
	for name, open := range libraries() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open)
			for sentence, run := range cases {
				t.Run(sentence, func(t *testing.T) { run(t, w, strings.ReplaceAll(sentence, " ", "-")) })
			}
		})
	}
}

func theyHold(t *testing.T, w *world, resource string) {
	value := w.lockTheirs(t, resource, long)
	w.wantHeldForUs(t, resource)
	w.wantValue(t, resource, value)

	w.unlockTheirs(t, resource)
	g := w.lockOurs(t, redlock.Request{Resource: resource, TTL: long})
	w.wantValue(t, resource, g.Token)
}

func weHold(t *testing.T, w *world, resource string) {
	g := w.lockOurs(t, redlock.Request{Resource: resource, TTL: long})
	w.wantHeldForThem(t, resource)
	w.wantValue(t, resource, g.Token)

	w.unlockOurs(t, g)
	value := w.lockTheirs(t, resource, long)
	w.wantValue(t, resource, value)
}

func weHoldByOwnToken(t *testing.T, w *world, resource string) {
	g := w.lockOurs(t, redlock.Request{Resource: resource, Token: "the caller's own", TTL: long})
	w.wantHeldForThem(t, resource)

	w.unlockOurs(t, g)
	w.lockTheirs(t, resource, long)
}

func theirsLapses(t *testing.T, w *world, resource string) {
	asked := time.Now()
	w.lockTheirs(t, resource, short)
	var err error
	granted := eventually(t, func() bool {
		_, err = w.ours.Lock(t.Context(), redlock.Request{Resource: resource, TTL: long})
		return !errors.Is(err, redlock.ErrHeld)
	})
	if !granted || err != nil {
		t.Fatalf("our Lock: got %v, want a grant after %v", err, short)
	}
	if after := time.Since(asked); after < short-slack(short) {
		t.Fatalf("granted to us after %v, they may rely on %v", after, short-slack(short))
	}
}

func oursLapses(t *testing.T, w *world, resource string) {
	g := w.lockOurs(t, redlock.Request{Resource: resource, TTL: short})
	var err error
	held := eventually(t, func() bool {
		_, err = w.theirs.lock(t.Context(), resource, long)
		return !errors.Is(err, errRefused)
	})
	if !held || err != nil {
		t.Fatalf("their lock: got %v, want it held after %v", err, short)
	}
	if left := g.Validity(time.Now()); left > 0 {
		t.Fatalf("held by them while we have a validity of %v", left)
	}
}

func theyExtend(t *testing.T, w *world, resource string) {
	w.lockTheirs(t, resource, long)
	if err := w.theirs.extend(t.Context(), resource, 3*long); err != nil {
		t.Fatalf("their extend: %v", err)
	}
	w.wantLeft(t, resource, 2*long)
	w.wantHeldForUs(t, resource)
	w.unlockTheirs(t, resource)
	w.lockOurs(t, redlock.Request{Resource: resource, TTL: long})
}

func weExtend(t *testing.T, w *world, resource string) {
	g := w.lockOurs(t, redlock.Request{Resource: resource, TTL: long})
	if _, err := w.ours.Extend(t.Context(), redlock.Request{Resource: resource, Token: g.Token, TTL: 3 * long}); err != nil {
		t.Fatalf("our Extend: %v", err)
	}
	w.wantLeft(t, resource, 2*long)
	w.wantHeldForThem(t, resource)
	w.unlockOurs(t, g)
	w.lockTheirs(t, resource, long)
}

func wrongToken(t *testing.T, w *world, resource string) {
	value := w.lockTheirs(t, resource, long)
	err := w.ours.Unlock(t.Context(), redlock.Request{Resource: resource, Token: value + "x"})
	if !errors.Is(err, redlock.ErrNotHeld) {
		t.Errorf("our Unlock: got %v, want ErrNotHeld", err)
	}
	w.wantHeldForUs(t, resource)
	w.wantValue(t, resource, value)
	w.unlockTheirs(t, resource)
	w.wantFree(t, resource)
}

// race: with every node up and two who ask, one of them has three of the five.
func race(t *testing.T, w *world, resource string) {
	for round := range 50 {
		contested := fmt.Sprint(resource, round)
		start := make(chan struct{})
		var ours, theirs error
		var both sync.WaitGroup
		both.Go(func() {
			<-start
			_, ours = w.ours.Lock(t.Context(), redlock.Request{Resource: contested, TTL: long})
		})
		both.Go(func() {
			<-start
			_, theirs = w.theirs.lock(t.Context(), contested, long)
		})
		close(start)
		both.Wait()
		weWin := ours == nil && errors.Is(theirs, errRefused)
		theyWin := errors.Is(ours, redlock.ErrHeld) && theirs == nil
		if !weWin && !theyWin {
			t.Fatalf("round %d: our Lock got %v and their lock got %v, want exactly one refused", round, ours, theirs)
		}
	}
}

func (w *world) wantHeldForUs(t *testing.T, resource string) {
	t.Helper()
	if _, err := w.ours.Lock(t.Context(), redlock.Request{Resource: resource, TTL: long}); !errors.Is(err, redlock.ErrHeld) {
		t.Fatalf("our Lock: got %v, want ErrHeld", err)
	}
}

func (w *world) wantHeldForThem(t *testing.T, resource string) {
	t.Helper()
	if _, err := w.theirs.lock(t.Context(), resource, long); !errors.Is(err, errRefused) {
		t.Fatalf("their lock: got %v, want it refused", err)
	}
}

func (w *world) unlockOurs(t *testing.T, g redlock.Grant) {
	t.Helper()
	if err := w.ours.Unlock(t.Context(), redlock.Request{Resource: g.Resource, Token: g.Token}); err != nil {
		t.Fatalf("our Unlock: %v", err)
	}
}

func (w *world) unlockTheirs(t *testing.T, resource string) {
	t.Helper()
	if err := w.theirs.unlock(t.Context(), resource); err != nil {
		t.Fatalf("their unlock: %v", err)
	}
}

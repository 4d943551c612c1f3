package redlock

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestCrowdOnOneResource: callers that come while an attempt is under way are
// answered by it, so a crowd costs the nodes a few requests and not one each.
func TestCrowdOnOneResource(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	before := calls(t, servers, "set")
	const crowd = 200
	var granted, held atomic.Int64
	var work sync.WaitGroup
	for i := range crowd {
		r := lockFor("a", time.Minute)
		if i%2 == 0 {
			r.Token = fmt.Sprintf("token %d", i)
		}
		work.Go(func() {
			switch _, err := q.Lock(t.Context(), r); {
			case err == nil:
				granted.Add(1)
			case errors.Is(err, ErrHeld):
				held.Add(1)
			default:
				t.Errorf("Lock: %v", err)
			}
		})
	}
	work.Wait()
	if granted.Load() != 1 || held.Load() != crowd-1 {
		t.Errorf("%d granted and %d held, want 1 and %d", granted.Load(), held.Load(), crowd-1)
	}
	settled(t, q)
	if sent := calls(t, servers, "set") - before; sent > 3*3 {
		t.Errorf("the crowd cost %d SETs on three nodes, want few", sent)
	}
}

// TestCrowdOnAHeldResource: the same when another holds it already.
func TestCrowdOnAHeldResource(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 3, Options{}, soundRules())
	mustLock(t, q, lockFor("a", time.Minute))
	each(wires, func(w *redistest.Wire) { w.Delay(50 * time.Millisecond) })
	asked := func() int64 { return calls(t, servers, "set") + calls(t, servers, "evalsha") }
	before := asked()
	var work sync.WaitGroup
	for i := range 200 {
		work.Go(func() {
			_, err := q.Lock(t.Context(), Request{Resource: "a", Token: fmt.Sprintf("token %d", i), TTL: time.Minute})
			if !errors.Is(err, ErrHeld) {
				t.Errorf("Lock: %v", err)
			}
		})
	}
	work.Wait()
	settled(t, q)
	if n := asked() - before; n > 3*5 {
		t.Errorf("the crowd cost %d requests on three nodes, want few", n)
	}
}

// TestHolderAsksAgainInACrowd: the holder's own retry must not be answered with
// another caller's refusal.
func TestHolderAsksAgainInACrowd(t *testing.T) {
	t.Parallel()
	_, wires, q := wired(t, 3, Options{}, soundRules())
	mine := Request{Resource: "a", Token: "mine", TTL: time.Minute}
	mustLock(t, q, mine)
	each(wires, func(w *redistest.Wire) { w.Delay(30 * time.Millisecond) })
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() {
			_, err := q.Lock(t.Context(), lockFor("a", time.Minute))
			if !errors.Is(err, ErrHeld) {
				t.Errorf("a stranger's Lock: %v", err)
			}
		})
		work.Go(func() {
			if _, err := q.Lock(t.Context(), mine); err != nil {
				t.Errorf("the holder's Lock: %v", err)
			}
		})
	}
	work.Wait()
}

// TestCallsOfASessionTakeEffectInOrder starts everything at once, as a
// pipeline does.
func TestCallsOfASessionTakeEffectInOrder(t *testing.T) {
	t.Parallel()
	servers, wires, q := wired(t, 5, Options{}, soundRules())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	each(wires, func(w *redistest.Wire) { w.Delay(time.Duration(random.IntN(3000)) * time.Microsecond) })
	for turn := range 50 {
		resource := fmt.Sprintf("r%d", turn)
		var got [6]error
		var work sync.WaitGroup
		work.Add(len(got))
		request := func(token string) Request {
			return Request{Resource: resource, Token: token, TTL: time.Minute, Session: 7}
		}
		lock := func(i int, token string) {
			q.StartLock(t.Context(), request(token), func(_ Grant, err error) { got[i] = err; work.Done() })
		}
		unlock := func(i int, token string) {
			q.StartUnlock(request(token), func(err error) { got[i] = err; work.Done() })
		}
		lock(0, "one")
		lock(1, "two")
		unlock(2, "one")
		lock(3, "three")
		unlock(4, "two")
		unlock(5, "three")
		work.Wait()
		want := [6]error{nil, ErrHeld, nil, nil, ErrNotHeld, nil}
		if got != want {
			t.Fatalf("turn %d: got %v, want %v", turn, got, want)
		}
	}
	settled(t, q)
	each(wires, func(w *redistest.Wire) { w.Delay(0) })
	wantNoKeys(t, servers)
}

// TestTwoProxiesNeverBothWin races two quorums on the same nodes, and both must
// get on.
func TestTwoProxiesNeverBothWin(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	one := open(t, Options{Nodes: at(addresses(servers)...)})
	reversed := addresses(servers)
	slices.Reverse(reversed)
	two := open(t, Options{Nodes: at(reversed...)})
	warm(t, one)
	warm(t, two)
	wins := [2]int{}
	for turn := range 200 {
		resource := fmt.Sprintf("r%d", turn)
		var grants [2]Grant
		var errs [2]error
		var work sync.WaitGroup
		for i, q := range []*Quorum{one, two} {
			work.Go(func() { grants[i], errs[i] = q.Lock(t.Context(), lockFor(resource, time.Minute)) })
		}
		work.Wait()
		if errs[0] == nil && errs[1] == nil {
			t.Fatalf("turn %d: both were granted", turn)
		}
		for i, err := range errs {
			switch {
			case err == nil:
				wins[i]++
				// Any proxy may unlock, but only this one knows what is still on its way.
				mustUnlock(t, []*Quorum{one, two}[i], grants[i])
			case !errors.Is(err, ErrHeld):
				t.Fatalf("turn %d: %v", turn, err)
			}
		}
	}
	if sum := wins[0] + wins[1]; sum < 190 {
		t.Errorf("only %d of 200 races had a winner", sum)
	}
	settled(t, one)
	settled(t, two)
	wantNoKeys(t, servers)
}

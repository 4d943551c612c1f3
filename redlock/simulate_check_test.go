package redlock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// simHistory is what clients were told, and the judge of it.
type simHistory struct {
	mu        sync.Mutex
	claims    []*simClaim
	fences    []simFence
	known     map[string]bool      // tokens that clients made or were told
	gone      map[string]*simProxy // tokens of which nothing may be left, unless the proxy was killed that saw to it
	outcomes  map[string]int
	wrong     []string
	killed    atomic.Bool // a proxy: its debts will not be paid
	restored  atomic.Bool // a node, from a copy: what was released came back, for its ttl
	abandoned sync.WaitGroup
}

// simClaim is a time in which a client may rely on its lock.
type simClaim struct {
	client, resource, token string
	granted                 time.Time // zero: not told at once
	from, to                time.Time
}

// simFence is a fence that a client was told.
type simFence struct {
	client, resource, token string
	fence                   int64
	asked, told             time.Time
}

func (h *simHistory) fail(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrong = append(h.wrong, fmt.Sprintf(format, args...))
}

// count counts outcomes; one of them may never be heard.
func (h *simHistory) count(err, never error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.outcomes == nil {
		h.outcomes = map[string]int{}
	}
	if never != nil && errors.Is(err, never) {
		h.wrong = append(h.wrong, "NEEDLESS: "+err.Error())
	}
	for _, known := range []error{ErrHeld, ErrNoQuorum, ErrTooLate, nil} {
		if errors.Is(err, known) {
			h.outcomes[fmt.Sprint(known)]++
			return
		}
	}
	h.outcomes[err.Error()]++
}

// mark notes a token.
func mark(set *map[string]bool, token string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[token] = true
}

func (h *simHistory) mayStay(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	mark(&h.known, token)
}

func (h *simHistory) finish(token string, p *simProxy) {
	h.mu.Lock()
	defer h.mu.Unlock()
	mark(&h.known, token)
	if h.gone == nil {
		h.gone = map[string]*simProxy{}
	}
	h.gone[token] = p
}

// granted: from now on the client relies on its lock.
func (h *simHistory) granted(a *simAcquisition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.claim(a, a.grant.Until)
	h.told(a, a.grant)
}

// again is a second grant, which does not end the first.
func (h *simHistory) again(a *simAcquisition, g Grant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Now().Before(a.claim.to) {
		a.claim.to = later(a.claim.to, g.Until)
	} else {
		h.claim(a, g.Until)
	}
	h.told(a, g)
}

func (h *simHistory) told(a *simAcquisition, g Grant) {
	mark(&h.known, g.Token)
	a.claim.granted = time.Now()
	if g.Fence != 0 {
		h.fences = append(h.fences, simFence{a.client.name, g.Resource, g.Token, g.Fence, g.Asked(), time.Now()})
	}
}

// relies is for one that is told of a longer validity, by an extension that
// began at asked. Nobody else can have been granted the lock in between.
func (h *simHistory) relies(a *simAcquisition, asked, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := a.claim
	for _, other := range h.claims {
		if other.resource == c.resource && other.token != c.token && other.granted.After(c.granted) && other.granted.Before(asked) {
			h.wrong = append(h.wrong, fmt.Sprintf("REVIVED: %s extended %s, which %s had been granted since", c.client, c.token, other.client))
		}
	}
	if time.Now().Before(c.to) {
		c.to = later(c.to, until)
		return
	}
	h.claim(a, until)
	a.claim.granted = c.granted
}

func (h *simHistory) claim(a *simAcquisition, until time.Time) {
	a.claim = &simClaim{client: a.client.name, resource: a.request.Resource, token: a.grant.Token, from: time.Now(), to: until}
	h.claims = append(h.claims, a.claim)
}

// released: from now on it does not.
func (h *simHistory) released(a *simAcquisition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a.claim.to = earlier(a.claim.to, time.Now())
}

// held is for the end of a Hold, whose validity reached until then.
func (h *simHistory) held(a *simAcquisition, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a.claim.to = until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// check looks for two that relied on the same resource at a time. A token is
// one holder, however often it asked.
func (h *simHistory) check(w *simWorld) {
	claims := slices.Clone(h.claims)
	slices.SortFunc(claims, func(a, b *simClaim) int { return a.from.Compare(b.from) })
	for i, a := range claims {
		for _, b := range claims[i+1:] {
			if a.resource != b.resource || a.token == b.token || !b.from.Before(a.to) || !b.from.Before(b.to) {
				continue
			}
			h.fail("TWO HOLDERS of %s: %s with %s until %v, and %s with %s since %v until %v", a.resource,
				a.client, a.token, w.at(a.to), b.client, b.token, w.at(b.from), w.at(b.to))
		}
	}
}

// checkFences looks for one that is not greater than all that had been told
// before the attempt began to which it was given.
func (h *simHistory) checkFences(w *simWorld) {
	for i, a := range h.fences {
		for _, b := range h.fences[:i] {
			if a.resource != b.resource {
				continue
			}
			if a.fence == b.fence || b.told.Before(a.asked) && b.fence >= a.fence || a.told.Before(b.asked) && a.fence >= b.fence {
				h.fail("FENCES of %s: %s with %s got %d at %v, and %s with %s got %d, asked at %v", a.resource,
					b.client, b.token, b.fence, w.at(b.told), a.client, a.token, a.fence, w.at(a.asked))
			}
		}
	}
}

func (w *simWorld) at(t time.Time) time.Duration { return t.Sub(w.began) }

// finally looks at what is left when all is repaired.
func (w *simWorld) finally() {
	w.debts()
	if !w.history.restored.Load() {
		w.leftovers()
	}
	w.waiters()
	longest := slices.Max(w.profile.maxTTLs)
	time.Sleep(longest + time.Duration(float64(longest)*(w.profile.fast+0.01)) + time.Second)
	for _, n := range w.nodes {
		for _, key := range w.left(n) {
			w.history.fail("LEFT after the longest ttl: %q at %s", key, n.name())
		}
	}
}

// left are the locks that a node has.
func (w *simWorld) left(n *simNode) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	n.keys.micros = n.clock.micros(time.Now())
	return slices.DeleteFunc(n.keys.live(), func(key string) bool { return key == memberKey })
}

// debtTime is in which all releases that are owed to nodes that are back must
// have been paid: the longest pauses of probes and of paying, and some trips.
const debtTime = probeMost + 2*retryMost + time.Second

func (w *simWorld) debts() {
	const calm = 100 * time.Millisecond // what is on its way has arrived by then
	since, end := time.Now(), time.Now().Add(debtTime)
	for ; time.Since(since) < calm; time.Sleep(5 * time.Millisecond) {
		if owed := w.owed(); owed > 0 {
			since = time.Now()
			if since.After(end) {
				w.history.fail("OWED: %d releases or calls, %v after all was repaired", owed, debtTime)
				return
			}
		}
	}
}

func (w *simWorld) owed() int {
	owed := 0
	for _, p := range w.proxies {
		for _, n := range p.quorum.nodes[w.profile.without:] {
			for _, l := range n.lanes {
				owed += l.owes()
			}
		}
		p.quorum.mu.Lock()
		owed += p.quorum.open
		p.quorum.mu.Unlock()
	}
	return owed
}

// leftovers looks for locks that nobody can have any more.
func (w *simWorld) leftovers() {
	h := &w.history
	for _, n := range w.nodes {
		for _, key := range w.left(n) {
			if strings.HasPrefix(key, reservedPrefix) {
				continue
			}
			w.mu.Lock()
			value := n.keys.values[key].text
			w.mu.Unlock()
			token := tokenOf(value)
			switch {
			case h.gone[token] != nil && !h.gone[token].isDead():
				h.fail("NOT RELEASED: %s of %s at %s, though all debts are paid", key, token, n.name())
			case !h.known[token] && !h.killed.Load():
				h.fail("NOT UNDONE: %s of %s at %s, which nobody was granted, though all debts are paid", key, token, n.name())
			}
		}
	}
}

// waiters is the end of every schedule: some wait for each resource at each
// proxy, in calm weather, and each must be served.
func (w *simWorld) waiters() {
	var all sync.WaitGroup
	block := 3*slices.Max(w.profile.maxTTLs) + 5*time.Second
	for i, p := range w.proxies {
		for j := range 2 * w.profile.resources {
			r := Request{Resource: fmt.Sprintf("r%d", j/2), TTL: min(w.profile.ttls[0], p.quorum.options.MaxTTL), Block: block}
			if j%2 == 0 {
				r.Token = fmt.Sprintf("w-%d-%d", i, j)
			}
			all.Go(func() {
				g, err := p.quorum.Lock(context.Background(), r)
				if err != nil {
					w.history.fail("NOT SERVED: who waited for %s through %s in calm weather heard %v", r.Resource, p.name, err)
					return
				}
				a := &simAcquisition{client: &simClient{name: "waiter"}, request: r, grant: g}
				w.history.granted(a)
				time.Sleep(time.Millisecond)
				w.history.released(a)
				r.Token = g.Token
				if err := p.quorum.Unlock(context.Background(), r); err != nil {
					w.history.fail("NOT RELEASED: unlock of %s through %s in calm weather: %v", r.Resource, p.name, err)
				}
			})
		}
	}
	all.Wait()
}

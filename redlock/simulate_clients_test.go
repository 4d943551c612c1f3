package redlock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// simBehaviour is what clients do, as shares of all their locks.
type simBehaviour struct {
	token     float64       // bring a token of their own
	wait      float64       // wait for the lock
	impatient float64       // give up on a reply, and with a token ask again elsewhere
	extend    float64       // extend it
	elsewhere float64       // extend and unlock through another proxy
	die       float64       // never unlock
	hold      float64       // let it be extended (AUTOEXTEND)
	fence     float64       // want a fence
	again     float64       // lock again with their token while they hold it
	reuse     float64       // use a token again after Unlock, against the contract
	work      float64       // hold it for so many ttls, at most
	pause     time.Duration // between two locks, at most
}

// simClient locks and unlocks, and notes what it was told and when.
type simClient struct {
	world  *simWorld
	name   string
	random *rand.Rand
	locks  int
}

func (c *simClient) run() {
	for !c.world.wait(time.Duration(c.random.Int64N(int64(c.world.profile.behave.pause)) + 1)) {
		c.lock()
	}
}

func (c *simClient) chance(p float64) bool { return p > 0 && c.random.Float64() < p }

func (c *simClient) proxy() *simProxy {
	return c.world.present(c.random.IntN(c.world.profile.proxies))
}

func (c *simClient) ttl(most time.Duration) time.Duration {
	p := c.world.profile
	ttl := p.ttls[0] + time.Duration(c.random.Int64N(int64(p.ttls[1]-p.ttls[0])+1))
	return min(ttl, most).Truncate(time.Millisecond)
}

// lock is one acquisition, from the first try to the release.
func (c *simClient) lock() {
	b := &c.world.profile.behave
	c.locks++
	p := c.proxy()
	r := Request{Resource: fmt.Sprintf("r%d", c.random.IntN(c.world.profile.resources)), TTL: c.ttl(p.quorum.options.MaxTTL)}
	if c.chance(b.token) {
		// Sent twice, with the caller gone, it may hold for a ttl.
		r.Token = fmt.Sprintf("%s-%d", c.name, c.locks)
		c.world.history.mayStay(r.Token)
	}
	r.Owned, r.Fence = c.chance(b.hold), c.chance(b.fence)
	if c.chance(b.wait) {
		r.Block = time.Duration(c.random.Int64N(int64(2 * r.TTL)))
		if c.random.IntN(3) == 0 {
			r.Block, r.Retry = 0, 1+c.random.IntN(5)
		}
	}
	a := &simAcquisition{client: c, request: r, proxy: p}
	if !a.acquire() {
		return
	}
	if r.Owned {
		a.keep()
	} else {
		a.use()
	}
	if r.Token != "" && c.chance(b.reuse) {
		_ = a.acquire()
		a.use()
	}
}

// simAcquisition is one lock in the hands of a client.
type simAcquisition struct {
	client  *simClient
	request Request
	proxy   *simProxy // that granted it
	grant   Grant
	claim   *simClaim
	tries   int
	strayed bool // other calls with its token may still have an effect
}

// acquire asks until it is told, or gives up.
func (a *simAcquisition) acquire() bool {
	c := a.client
	for {
		a.tries++
		err := a.try()
		c.world.note("%s heard of %s %q through %s: %v", c.name, a.request.Resource, a.request.Token, a.proxy.name, err)
		switch {
		case err == nil:
			return true
		case errors.Is(err, errAbandoned):
			a.strayed = true
		}
		if a.request.Token == "" || a.tries > 3 || !c.chance(c.world.profile.behave.impatient) {
			if a.request.Token != "" && err != errSimReset && !errors.Is(err, errAbandoned) {
				a.finished()
			}
			return false
		}
		a.strayed = true // the last word about this token is not said
		a.proxy = c.proxy()
		a.request.TTL = min(a.request.TTL, a.proxy.quorum.options.MaxTTL)
	}
}

var errAbandoned = errors.New("the client gave up on the reply")

// try is one Lock. An impatient client may leave before its reply; its proxy
// notices that sooner or later, or never.
func (a *simAcquisition) try() error {
	c, p := a.client, a.proxy
	p.thawed()
	ctx, cancel := context.WithCancel(context.Background())
	type reply struct {
		grant Grant
		err   error
	}
	replies := make(chan reply, 1)
	r := a.request
	c.world.note("%s locks %s %q for %v through %s, block %v retry %d", c.name, r.Resource, r.Token, r.TTL, p.name, r.Block, r.Retry)
	go func() {
		g, err := p.quorum.Lock(ctx, r)
		p.thawed()
		replies <- reply{g, err}
	}()
	patience := time.NewTimer(time.Hour)
	defer patience.Stop()
	if c.chance(c.world.profile.behave.impatient) {
		patience.Reset(time.Duration(c.random.Int64N(int64(r.TTL))))
	}
	select {
	case got := <-replies:
		cancel()
		if p.isDead() {
			return errSimReset
		}
		if got.err == nil {
			a.grant = got.grant
			a.request.Token = got.grant.Token
			c.world.history.granted(a)
		}
		c.world.history.count(got.err, c.world.profile.never)
		return got.err
	case <-p.died:
		cancel()
		return errSimReset
	case <-patience.C:
	}
	notices := time.Duration(c.random.Int64N(int64(200 * time.Millisecond)))
	never := c.random.IntN(4) == 0
	c.world.history.abandoned.Go(func() {
		if !never {
			time.Sleep(notices)
			cancel()
		}
		got := <-replies
		cancel()
		if got.err == nil && !never {
			p.quorum.Undo(got.grant)
		} else if got.err == nil {
			c.world.history.mayStay(got.grant.Token)
		}
	})
	return errAbandoned
}

// use works under the lock, and releases it.
func (a *simAcquisition) use() {
	c, b := a.client, &a.client.world.profile.behave
	if c.chance(b.extend) {
		a.work()
		a.extend()
	}
	if c.chance(b.again) {
		a.work()
		a.relock()
	}
	a.work()
	if c.chance(b.die) {
		c.world.note("%s dies with %s", c.name, a.request.Token)
		return
	}
	a.unlock()
}

// relock sends the LOCK once more, as after a reply that was lost: if it is
// granted the longer validity counts, and otherwise the one from before stands.
func (a *simAcquisition) relock() {
	c, p := a.client, a.through()
	a.strayed = true
	p.thawed()
	r := a.request
	r.TTL, r.Block, r.Retry, r.Owned = c.ttl(p.quorum.options.MaxTTL), 0, 0, false
	g, err := p.quorum.Lock(context.Background(), r)
	p.thawed()
	c.world.note("%s locks %s again for %v through %s: %v", c.name, r.Token, r.TTL, p.name, err)
	if err != nil || p.isDead() {
		return
	}
	a.grant.Fence = g.Fence
	c.world.history.again(a, g)
}

func (a *simAcquisition) work() {
	c := a.client
	time.Sleep(time.Duration(c.random.Float64() * c.world.profile.behave.work * float64(a.request.TTL)))
}

// through is the proxy of the next call.
func (a *simAcquisition) through() *simProxy {
	c := a.client
	if c.chance(c.world.profile.behave.elsewhere) {
		return c.proxy()
	}
	return a.proxy
}

func (a *simAcquisition) extend() {
	c, p := a.client, a.through()
	p.thawed()
	r := a.request
	r.TTL = c.ttl(p.quorum.options.MaxTTL)
	asked := time.Now()
	g, err := p.quorum.Extend(context.Background(), r)
	p.thawed()
	if p.isDead() {
		a.strayed = true
		return
	}
	c.world.note("%s extends %s by %v through %s: %v", c.name, r.Token, r.TTL, p.name, err)
	switch {
	case err == nil:
		c.world.history.relies(a, asked, g.Until)
	case errors.Is(err, ErrNotHeld):
		c.world.history.released(a)
	}
}

func (a *simAcquisition) unlock() {
	c, p := a.client, a.through()
	c.world.history.released(a)
	p.thawed()
	c.world.note("%s unlocks %s through %s", c.name, a.request.Token, p.name)
	err := p.quorum.Unlock(context.Background(), a.request)
	p.thawed()
	c.world.note("%s unlocked %s: %v", c.name, a.request.Token, err)
	if p == a.proxy && !p.isDead() && (err == nil || errors.Is(err, ErrNoQuorum)) {
		a.finished()
	}
}

// finished: nothing of this token may be left when all debts are paid.
func (a *simAcquisition) finished() {
	if !a.strayed {
		a.client.world.history.finish(a.request.Token, a.proxy)
	}
}

// keep lets the proxy extend the lock until the client has had enough.
func (a *simAcquisition) keep() {
	c := a.client
	ttl := a.request.TTL
	p := a.proxy
	most := time.Duration((1 + 6*c.random.Float64()) * float64(ttl))
	over := make(chan error, 1)
	h := p.quorum.Hold(a.grant, ttl, most, func(_ *Hold, why error) { over <- why })
	wait := time.NewTimer(time.Duration(c.random.Float64() * 1.5 * float64(most)))
	defer wait.Stop()
	select {
	case why := <-over:
		c.world.note("%s's hold of %s ended: %v", c.name, a.request.Token, why)
		c.world.history.held(a, earlier(h.Until(), time.Now()))
		return
	case <-p.died:
		c.world.history.held(a, h.Until())
		return
	case <-wait.C:
	}
	c.world.history.held(a, h.Until())
	p.thawed()
	a.leave(h)
}

// leave ends a Hold.
func (a *simAcquisition) leave(h *Hold) {
	c := a.client
	switch c.random.IntN(3) {
	case 0:
		c.world.note("%s releases its hold of %s", c.name, a.request.Token)
		c.world.history.released(a)
		h.Release()
	case 1:
		h.Stop()
		a.use()
	case 2:
		a.unlock()
	}
}

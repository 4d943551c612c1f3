package redlock

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// simProxy is a process with a Quorum. It can be stopped and go on, and be
// killed, after which another one takes its place.
type simProxy struct {
	world   *simWorld
	index   int
	name    string
	quorum  *Quorum
	dials   map[[2]int]int // by node and lane
	cutTo   []bool         // by node: what it sends is held back
	cutFrom []bool
	frozen  chan struct{} // closed when it goes on; nil: it is not stopped
	died    chan struct{}
	chance  sync.Mutex
}

func (w *simWorld) newProxy(index int) *simProxy {
	p := &simProxy{
		world: w, index: index, name: fmt.Sprintf("p%d", index+1),
		cutTo: make([]bool, w.profile.nodes), cutFrom: make([]bool, w.profile.nodes),
		died: make(chan struct{}), dials: map[[2]int]int{},
	}
	o := Options{
		NodeTimeout: w.profile.timeout,
		MaxTTL:      w.profile.maxTTLs[index%len(w.profile.maxTTLs)],
		RetryDelay:  50 * time.Millisecond,
		RetryJitter: 50 * time.Millisecond,
		Lanes:       w.profile.lanes(),
	}
	for i := range w.profile.nodes {
		name := fmt.Sprintf("n%d", i+1)
		o.Nodes = append(o.Nodes, Node{Name: name, Options: &redis.Options{Addr: name + ":6379"}})
	}
	random := w.newRandom(forChance, uint64(index))
	chance := func() float64 {
		p.chance.Lock()
		defer p.chance.Unlock()
		return random.Float64()
	}
	s := seams{dial: p.dial, asleep: awake, chance: chance, deaf: true, near: !w.profile.far}
	if index < w.profile.proxies {
		s.ahead = w.profile.ahead
	}
	q, err := newQuorumOver(context.Background(), o, w.rules, s)
	if err != nil {
		panic(err) // the profile is wrong
	}
	p.quorum = q
	return p
}

// awake: the machine is never suspended, only the process stopped.
func awake() time.Duration { return 0 }

// thawed waits while the proxy is stopped, and tells whether it had been.
func (p *simProxy) thawed() bool {
	waited := false
	for {
		p.world.mu.Lock()
		frozen := p.frozen
		p.world.mu.Unlock()
		if frozen == nil {
			return waited
		}
		waited = true
		select {
		case <-frozen:
		case <-p.died:
			return true
		}
	}
}

func (p *simProxy) isDead() bool {
	select {
	case <-p.died:
		return true
	default:
		return false
	}
}

// kill ends the process: nothing it was told or wanted to send reaches anybody.
func (p *simProxy) kill() {
	close(p.died)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.quorum.Close(gone)
}

// close is an orderly end.
func (p *simProxy) close() {
	if err := p.quorum.Close(context.Background()); err != nil {
		p.world.history.fail("%s: Close: %v", p.name, err)
	}
}

// present is the proxy that has that index now.
func (w *simWorld) present(index int) *simProxy {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.proxies[index]
}

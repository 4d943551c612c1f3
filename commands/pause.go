package commands

import (
	"sync"
	"sync/atomic"
	"time"
)

// pause is what CLIENT PAUSE has asked for. It holds back lock commands only:
// LOCK and TRYLOCK, or with ALL also EXTEND and UNLOCK, by not reading on.
type pause struct {
	on atomic.Bool // whether it is worth a look

	mu    sync.Mutex
	all   bool
	until time.Time
	over  chan struct{} // closed when it ends early
}

// begin pauses for a time. A shorter or weaker one does not cut short what is
// under way, as in Redis.
func (p *pause) begin(d time.Duration, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(d)
	if p.over == nil || time.Now().After(p.until) {
		p.all, p.until, p.over = all, until, make(chan struct{})
	} else {
		p.all = p.all || all
		if until.After(p.until) {
			p.until = until
		}
	}
	p.on.Store(true)
}

func (p *pause) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		close(p.over)
		p.over = nil
	}
	p.on.Store(false)
}

// hold waits with a command that the pause is for. It reports false when the
// client has gone meanwhile: then the command is not run.
func (p *pause) hold(c *Call) bool {
	for p.on.Load() && c.row.Key > 0 {
		if c.Context.Err() != nil {
			return false
		}
		p.mu.Lock()
		over, left := p.over, time.Until(p.until)
		concerned := over != nil && left > 0 && (p.all || c.row.Acquires)
		if over != nil && left <= 0 {
			p.over = nil
			p.on.Store(false)
		}
		p.mu.Unlock()
		if !concerned {
			return true
		}
		c.hold(left, over)
	}
	return true
}

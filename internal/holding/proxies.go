package holding

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Proxy is one that can be asked.
type Proxy struct {
	// Name is used in errors and messages: the address, without credentials.
	Name string
	// Options say where it is and how to log in. Time-outs, retries and the pool
	// are set here, as go-redis' defaults send a command again by themselves.
	Options *redis.Options
}

// proxies asks one proxy after the other. It is used by one goroutine at a time.
type proxies struct {
	all     []Proxy
	current int
	client  *redis.Client // to the current one; nil when not connected
}

// name is that of the proxy that is asked now.
func (p *proxies) name() string { return p.all[p.current].Name }

// next lets the next question go to another proxy.
func (p *proxies) next() {
	p.close()
	p.current = (p.current + 1) % len(p.all)
}

// close ends the connection, and with it whatever waits at the proxy.
func (p *proxies) close() {
	if p.client != nil {
		_ = p.client.Close() // what it could tell is of no use to anybody
		p.client = nil
	}
}

// do sends one command, once, and gives the reply or an error of classify's. It
// returns when ctx ends, or within the limit. A connection that did not answer
// is closed: its reply could be taken for that of a later command.
func (p *proxies) do(ctx context.Context, limit time.Duration, words ...any) (any, error) {
	if p.client == nil {
		p.client = redis.NewClient(clientOptions(p.all[p.current].Options))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// go-redis heeds a deadline while it reads, but not a cancellation.
	client := p.client
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	reply, err := client.Do(ctx, words...).Result()
	if !stop() || !answered(err) {
		p.close()
	}
	if err != nil {
		return nil, classify(p.name(), err)
	}
	return reply, nil
}

func clientOptions(from *redis.Options) *redis.Options {
	o := *from
	o.Protocol = 2
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout = dialTimeout
	o.ReadTimeout = -1 // the context's deadline counts alone
	o.WriteTimeout = -1
	o.PoolSize = 1
	o.MinIdleConns = 0
	o.PipelinePoolSize = -1
	o.ConnMaxIdleTime = -1
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &o
}

// dialTimeout bounds a dial that go-redis goes on with after its caller has
// left.
const dialTimeout = 2 * time.Second

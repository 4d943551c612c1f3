package clients

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// party is a client behind a tap. It has one command under way.
type party struct {
	*tap
	resender
}

// resender is a client with its own idea of when to send a command again.
type resender interface {
	send(t *testing.T, words ...string)
	receive(t *testing.T) reply // the answer to what was sent
	silent() bool               // there is none yet
}

// ask is the two of them.
func (p *party) ask(t *testing.T, words ...string) reply {
	t.Helper()
	p.send(t, words...)
	return p.receive(t)
}

// caller is a client inside the test.
type caller struct {
	call    func(words []string) reply
	answers chan reply
}

func newCaller(call func(words []string) reply) *caller {
	return &caller{call, make(chan reply, 1)}
}

func (c *caller) send(_ *testing.T, words ...string) {
	go func() { c.answers <- c.call(words) }()
}

func (c *caller) receive(t *testing.T) reply {
	t.Helper()
	select {
	case r := <-c.answers:
		return r
	case <-time.After(patience):
		t.Fatal("the client never came back")
	}
	return reply{}
}

func (c *caller) silent() bool { return len(c.answers) == 0 }

// goRedisParty is go-redis with its default options, except for those given.
func (s *stage) goRedisParty(t *testing.T, name string, options redis.Options) *party {
	t.Helper()
	p := startTap(t, name, s.proxy.address)
	options.Addr = p.address
	rdb := redis.NewClient(&options)
	t.Cleanup(func() { _ = rdb.Close() })
	return &party{p, newCaller(func(words []string) reply {
		return goRedisReply(rdb.Do(context.Background(), anyWords(words)...))
	})}
}

// stranger is somebody with all the time in the world.
func (s *stage) stranger(t *testing.T) *party {
	t.Helper()
	return s.goRedisParty(t, "the stranger", redis.Options{MaxRetries: -1, ReadTimeout: -1})
}

func anyWords(words []string) []any {
	var all []any
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

func goRedisReply(cmd *redis.Cmd) reply {
	v, err := cmd.Result()
	var refusal redis.Error
	switch {
	case errors.Is(err, redis.Nil):
		return null()
	case errors.As(err, &refusal):
		return reply{kind: 'e', text: err.Error()}
	case err != nil:
		return reply{kind: 'x', text: err.Error()}
	}
	return goRedisValue(v)
}

func goRedisValue(v any) reply {
	switch v := v.(type) {
	case int64:
		return integer(int(v))
	case string:
		return bulk(v)
	case []any:
		r := reply{kind: 'a'}
		for _, item := range v {
			r.items = append(r.items, goRedisValue(item))
		}
		return r
	}
	return reply{kind: 'x', text: "nothing that a lock server answers"}
}

// driverParty is a client in a process of its own.
type driverParty struct {
	*driver
	asked request
}

func (s *stage) driverParty(t *testing.T, c client) *party {
	t.Helper()
	c.needInstalled(t)
	p := startTap(t, c.name, s.proxy.address)
	return &party{p, &driverParty{driver: startDriver(t, c, p.address)}}
}

func (d *driverParty) send(t *testing.T, words ...string) {
	t.Helper()
	d.asked = call(words...)
	d.driver.send(t, d.asked)
}

func (d *driverParty) receive(t *testing.T) reply {
	t.Helper()
	return d.driver.receive(t, d.asked)
}

func (d *driverParty) silent() bool { return len(d.answers) == 0 }

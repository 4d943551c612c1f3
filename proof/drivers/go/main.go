// Counter counts up, again and again, under a lock; see doc.go two folders above.
//
//	counter PROXY,PROXY RESOURCE NAME SEED file PATH
//	counter PROXY,PROXY RESOURCE NAME SEED store HOST:PORT
package main

import (
	"context"
	crypto "crypto/rand"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const ttl = 400 * time.Millisecond

// place is where the counter is. Add counts up by one, with work between reading
// and writing; it may find that it must not write.
type place interface {
	add(g *grant, work func()) error
}

func main() {
	if len(os.Args) != 7 {
		log.Fatal("usage: counter PROXIES RESOURCE NAME SEED file|store WHERE")
	}
	redis.SetLogger(silence{})
	seed, err := strconv.ParseUint(os.Args[4], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	var p place
	if name := os.Args[3]; os.Args[5] == "file" {
		p = file{os.Args[6], name}
	} else if p, err = dial(os.Args[6], name); err != nil {
		log.Fatal(err)
	}
	c := counter{place: p, resource: os.Args[2], fence: os.Args[5] == "store", dice: rand.New(rand.NewPCG(seed, 0))}
	for _, address := range strings.Split(os.Args[1], ",") {
		c.lines = append(c.lines, redis.NewClient(&redis.Options{
			Addr: address, DialTimeout: time.Second, ReadTimeout: 2 * time.Second, DialerRetries: 1,
		}))
	}
	for {
		time.Sleep(c.upTo(30 * time.Millisecond))
		if err := c.count(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
}

// silence: go-redis tells every connection that fails.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

type counter struct {
	place    place
	resource string
	fence    bool
	lines    []*redis.Client
	dice     *rand.Rand
}

// count tries once. What the place says is an error; what the lock says is not.
func (c *counter) count(ctx context.Context) error {
	words := []any{}
	if c.fence {
		words = append(words, "FENCE")
	}
	if c.dice.IntN(2) == 0 {
		words = append(words, "BLOCK", 10+c.dice.IntN(490))
	}
	g := lock(ctx, c.lines[c.dice.IntN(len(c.lines))], c.resource, words)
	if g == nil {
		return nil
	}
	err := c.place.add(g, func() {
		time.Sleep(c.upTo(20 * time.Millisecond))
		if c.dice.IntN(5) == 0 {
			g.extend(ctx)
		}
		if c.dice.IntN(20) == 0 {
			time.Sleep(ttl*3/4 + c.upTo(ttl*3/4)) // it may well be too late now
		}
	})
	g.rdb.Do(ctx, "UNLOCK", g.resource, g.token) // its end will come in any case
	return err
}

func (c *counter) upTo(most time.Duration) time.Duration {
	return time.Duration(c.dice.Int64N(int64(most)))
}

// grant is a lock, as far as its holder may rely on it.
type grant struct {
	rdb             *redis.Client
	resource, token string
	until           time.Time
	fence           int64
}

// lock returns nil when there is no grant, whatever the reason.
func lock(ctx context.Context, rdb *redis.Client, resource string, words []any) *grant {
	g := &grant{rdb: rdb, resource: resource, token: crypto.Text()}
	sent := time.Now()
	words = append([]any{"LOCK", resource, ttl.Milliseconds(), "TOKEN", g.token}, words...)
	reply, err := rdb.Do(ctx, words...).Slice()
	if err != nil {
		return nil
	}
	g.until = sent.Add(time.Duration(reply[1].(int64)) * time.Millisecond)
	if len(reply) > 2 {
		g.fence = reply[2].(int64)
	}
	return g
}

func (g *grant) extend(ctx context.Context) {
	sent := time.Now()
	validity, err := g.rdb.Do(ctx, "EXTEND", g.resource, g.token, ttl.Milliseconds()).Int64()
	switch {
	case err != nil: // nobody could tell: what was granted before still stands
	case validity == 0:
		g.until = time.Time{}
	default:
		g.until = sent.Add(time.Duration(validity) * time.Millisecond)
	}
}

func (g *grant) late() bool { return !time.Now().Before(g.until) }

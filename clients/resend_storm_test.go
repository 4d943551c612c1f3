package clients

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestManyThatSendAgain has clients that contend for one lock and that mostly
// lose patience before it is their turn.
func TestManyThatSendAgain(t *testing.T) {
	t.Parallel()
	for _, token := range []bool{true, false} {
		t.Run(withToken("storm", token), func(t *testing.T) {
			s := startStage(t, 5)
			c := &crowd{stage: s, resource: "storm", token: token, tap: startTap(t, "all", s.proxy.address)}
			c.run(t)
			if sent := c.tap.count(); sent <= crowdSize*crowdTurns {
				t.Errorf("all clients were patient: %d LOCKs were sent, which shows nothing", sent)
			}
			s.wantBlocked(t, 0)
			s.wantClean(t, c.resource)
		})
	}
}

// crowd is many callers who want the same lock.
type crowd struct {
	*stage
	tap      *tap
	resource string
	token    bool

	inside atomic.Int64 // how many are at work
}

const (
	crowdSize  = 6
	crowdTurns = 4
	// crowdTTL in ms is for locks that nobody knows of; who has one extends it.
	crowdTTL = "500"
)

func (c *crowd) run(t *testing.T) {
	var all sync.WaitGroup
	for i := range crowdSize {
		all.Go(func() {
			rdb := redis.NewClient(&redis.Options{Addr: c.tap.address, ReadTimeout: 25 * time.Millisecond})
			defer func() { _ = rdb.Close() }()
			for turn := range crowdTurns {
				for !c.turn(t, rdb, fmt.Sprintf("%d of %d", turn, i)) && !t.Failed() {
				}
			}
		})
	}
	all.Wait()
}

// turn has the lock once. It reports false when the client gave up, or gave a
// lock that was over.
func (c *crowd) turn(t *testing.T, rdb *redis.Client, token string) bool {
	words := []string{"LOCK", c.resource, crowdTTL, "BLOCK", "4000"}
	if c.token {
		words = append(words, "TOKEN", token)
	}
	got := goRedisReply(rdb.Do(context.Background(), anyWords(words)...))
	if got.kind != 'a' {
		return false
	}
	token = got.items[0].text
	if c.extend(token) == 0 {
		return false
	}
	if n := c.inside.Add(1); n != 1 {
		t.Errorf("%d have the lock", n)
	}
	for range 20 { // its work
		if c.extend(token) == 0 {
			t.Errorf("%q does not hold what it was granted", token)
		}
	}
	c.inside.Add(-1)
	c.release(t, c.resource, token)
	return true
}

// extend gives the validity in ms.
func (c *crowd) extend(token string) int {
	got := goRedisReply(c.asks.Do(context.Background(), "EXTEND", c.resource, token, longTTL))
	n, _ := strconv.Atoi(got.text)
	return n
}

// count is how many LOCKs went through the tap.
func (p *tap) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.locks)
}

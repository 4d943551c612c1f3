package proxy_test

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

var manyLocks = flag.Int("many-locks", 200_000, "how many locks TestLocksOfVeryMany lists")

// mostListed is what the heap may hold more while a list goes on: pages that nobody
// keeps any more, and buffers, however many locks there are.
const mostListed = 16 << 20

// TestLocksOfVeryMany: each is listed once, in memory that does not grow with them,
// while locks are taken. It measures the heap, so that it does not run in parallel.
func TestLocksOfVeryMany(t *testing.T) {
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	for _, s := range servers {
		holdMany(t, s, *manyLocks)
	}
	a, c := f.admin(2, ""), f.dial()
	times, began, before, pages := make([]uint8, *manyLocks), time.Now(), heap(), 0
	for cursor := any("0"); ; pages++ {
		reply, err := a.Do(t.Context(), "LOCKS", "CURSOR", cursor, "MATCH", "jobs:*", "COUNT", 1000).Result()
		page, _ := reply.([]any)
		if err != nil || len(page) != 3 || len(page[2].([]any)) > 0 {
			t.Fatalf("not a whole page: %v, %v", page, err)
		}
		for _, l := range page[1].([]any) {
			lock := l.([]any)
			name, _ := lock[0].(string)
			i, err := strconv.Atoi(strings.TrimPrefix(name, "jobs:"))
			if err != nil || i < 1 || i > *manyLocks || lock[2] != int64(3) {
				t.Fatalf("not one of them: %v", lock)
			}
			times[i-1]++
		}
		if cursor = page[0]; cursor == "0" {
			break
		}
		if pages%100 == 0 {
			c.holds("other", 60000, "tok-o")
			c.unlocks("other", "tok-o")
			if grown := heap() - before; grown > mostListed {
				t.Fatalf("after %d pages the heap has grown by %d bytes, want at most %d", pages, grown, mostListed)
			}
		}
	}
	for i, n := range times {
		if n != 1 {
			t.Fatalf("jobs:%d is listed %d times", i+1, n)
		}
	}
	t.Logf("%d locks in %d pages and %v", *manyLocks, pages+1, time.Since(began))
	// Each key is looked at once at each node; SCAN gives a few more than asked for.
	if most := len(servers)**manyLocks/1000 + 10; pages > most {
		t.Errorf("%d pages, want at most %d", pages, most)
	}
}

// holdMany writes locks as the proxy would have, some thousands with each script.
func holdMany(t *testing.T, s *redistest.Server, n int) {
	t.Helper()
	const each = 20_000
	const script = `for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('SET', 'jobs:' .. i, 'tok-' .. i, 'PX', 3600000) end`
	for first := 1; first <= n; first += each {
		err := s.Client().Eval(t.Context(), script, nil, fmt.Sprint(first), fmt.Sprint(min(first+each-1, n))).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
	}
}

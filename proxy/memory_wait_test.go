package proxy_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/redlock"
)

// mostWaiting is what a LOCK that waits may keep, beyond its connection. README
// promises 2 KiB, which a run without -race shows; with it things are larger,
// and on a busy machine some are always asking.
const mostWaiting = 4 << 10

// TestAWaitingLockCostsLittle beyond its connection: all on one lock, and each on a lock of its own.
func TestAWaitingLockCostsLittle(t *testing.T) {
	const many = 2000
	for _, resources := range []int{1, many} {
		var nodes []redlock.Node
		servers := redistest.Start(t, 3)
		for _, s := range servers {
			nodes = append(nodes, redlock.Node{Name: s.Addr(), Options: &redis.Options{Addr: s.Addr()}})
		}
		f := start(t, setup{unix: true, nodes: nodes, maxBlock: time.Hour})
		clients := make([]*client, many)
		for i := range clients {
			clients[i] = f.dial()
			clients[i].in = nil // not the proxy's
		}
		for _, s := range servers {
			_, err := s.Client().Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
				for i := range resources {
					pipe.Set(t.Context(), fmt.Sprintf("r%d", i), "another's", time.Hour)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		before := heap()
		for i, c := range clients {
			c.send(command("LOCK", fmt.Sprintf("r%d", i%resources), "10000", "BLOCK", "0"))
		}
		eventually(t, "all of them wait", func() bool { return f.quorum.Waiting() == many })
		each := int64(1 << 60)
		eventually(t, "each keeps little", func() bool { // as soon as none is asking any more
			each = min(each, (heap()-before)/many)
			return each < mostWaiting
		})
		t.Logf("%d LOCKs that wait for %d locks keep %d bytes each", many, resources, each)
		runtime.KeepAlive(clients)
	}
}

package proxy_test

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// node is an embedded Redis which can be made to stand still before it runs
// the script of one resource. As it runs one connection's commands in order,
// that holds up all that comes behind on the same lane, and nothing on the
// other. Only a LOCK with a TOKEN is a script.
type node struct {
	redis *miniredis.Miniredis

	mu    sync.Mutex
	holds map[string]*hold
	lanes map[string]*server.Peer // by which connection a resource was last asked for
	asked map[string]int          // how often with a token
	came  map[string]int          // how many scripts for a resource
}

type hold struct {
	reached chan struct{} // closed when a script came and stands still
	release chan struct{} // closed when it may go on
}

func newNode(m *miniredis.Miniredis) *node {
	n := &node{redis: m, holds: map[string]*hold{}, lanes: map[string]*server.Peer{}, asked: map[string]int{}, came: map[string]int{}}
	m.Server().SetPreHook(func(p *server.Peer, cmd string, args ...string) bool {
		if cmd == "EVALSHA" && len(args) > 3 {
			n.arrive(p, args[2], args[3])
		}
		return false
	})
	return n
}

func (n *node) arrive(p *server.Peer, resource, token string) {
	n.mu.Lock()
	n.lanes[resource] = p
	n.asked[token]++
	n.came[resource]++
	h := n.holds[resource]
	if h != nil {
		select {
		case <-h.reached:
		default:
			close(h.reached)
		}
	}
	n.mu.Unlock()
	if h != nil {
		<-h.release
	}
}

func (n *node) hold(resource string) *hold {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &hold{reached: make(chan struct{}), release: make(chan struct{})}
	n.holds[resource] = h
	return h
}

func (n *node) release(resource string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.holds[resource]; h != nil {
		close(h.release)
		delete(n.holds, resource)
	}
}

func (n *node) releaseAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for resource, h := range n.holds {
		close(h.release)
		delete(n.holds, resource)
	}
}

func (n *node) lane(resource string) *server.Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lanes[resource]
}

// asked counts how often the nodes ran a script with a token.
func (f *front) asked(token string) (count int) {
	for _, n := range f.nodes {
		n.mu.Lock()
		count += n.asked[token]
		n.mu.Unlock()
	}
	return count
}

// scripts is the least number of scripts for a resource that a node was sent.
func (f *front) scripts(resource string) int {
	least := math.MaxInt
	for _, n := range f.nodes {
		n.mu.Lock()
		least = min(least, n.came[resource])
		n.mu.Unlock()
	}
	return least
}

// holdUp makes every node stand still before it runs a script for the
// resource. reached waits until all of them do.
func (f *front) holdUp(resource string) (reached func()) {
	f.t.Helper()
	var holds []*hold
	for _, n := range f.nodes {
		holds = append(holds, n.hold(resource))
	}
	return func() {
		f.t.Helper()
		for _, h := range holds {
			within(f.t, "the request for "+resource+" at the node", h.reached)
		}
	}
}

// letGo ends a holdUp.
func (f *front) letGo(resource string) {
	for _, n := range f.nodes {
		n.release(resource)
	}
}

// twoLanes finds two resources that do not hold each other up.
func (f *front) twoLanes(c *client) (slow, fast string) {
	f.t.Helper()
	slow = "slow"
	touch := func(resource string) *server.Peer {
		c.send(command("UNLOCK", resource, "tok-none"))
		c.want(":0\r\n")
		eventually(f.t, "the request at the first node", func() bool { return f.nodes[0].lane(resource) != nil })
		return f.nodes[0].lane(resource)
	}
	lane := touch(slow)
	for i := range 200 {
		if fast = fmt.Sprintf("fast-%d", i); touch(fast) != lane {
			return slow, fast
		}
	}
	f.t.Fatal("all of 200 resources take one lane")
	return "", ""
}

func TestANodeOfTheseTestsStandsStillForOneLaneOnly(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c, other := f.dial(), f.dial()
	slow, fast := f.twoLanes(c)
	reached := f.holdUp(slow)
	c.send(command("LOCK", slow, "60000", "TOKEN", "tok-s"))
	reached()
	other.send(command("LOCK", fast, "60000", "TOKEN", "tok-f"))
	other.wantGrant("tok-f", 60000)
	if n := f.on(slow); n != 0 {
		t.Errorf("%d nodes have the lock they were to stand still for", n)
	}
	f.letGo(slow)
	c.wantGrant("tok-s", 60000)
}

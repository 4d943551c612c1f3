package callers

import (
	"fmt"
	"slices"
	"time"
)

// ttl is what every peer asks for: so long that no lock lapses while a pair is
// under way, however busy the machine.
const ttl = 10 * time.Second

// Order is what a process of callers is told.
type Order struct {
	Peer    string        // one of Peers
	Nodes   []string      // host:port of each; some may be dead
	Proxy   string        // host:port
	Prefix  string        // of the resources
	Callers int           // how many at once
	WarmUp  time.Duration // how long they work before they are measured
	Time    time.Duration // how long they are measured
}

// resource is the caller's own.
func (o Order) resource(caller int) string { return fmt.Sprintf("%s:%d", o.Prefix, caller) }

// The peers, by their names in the tables.
const (
	ProxyConns       = "proxy, a connection each"
	ProxyShared      = "proxy, shared connection"
	ProxyFence       = "proxy, shared, with FENCE"
	ProxyIoredis     = "proxy, shared, by ioredis"
	Library          = "Go library redlock"
	Redsync          = "redsync"
	NodeRedlock      = "node-redlock"
	RedlockUniversal = "redlock-universal"
	Rueidislock      = "rueidislock (one node)"
	Redislock        = "bsm/redislock (one node)"
)

// Peers is the order of turns and of the tables.
func Peers() []string {
	return []string{ProxyConns, ProxyShared, ProxyFence, ProxyIoredis, Library,
		Redsync, NodeRedlock, RedlockUniversal, Rueidislock, Redislock}
}

// Ours says whether the peer is made of this source tree.
func Ours(peer string) bool { return ThroughProxy(peer) || peer == Library }

// ThroughProxy says whether the peer talks to the proxy.
func ThroughProxy(peer string) bool {
	return slices.Contains([]string{ProxyConns, ProxyShared, ProxyFence, ProxyIoredis}, peer)
}

// OnOneNode says whether the peer is no Redlock: it uses the first node only.
func OnOneNode(peer string) bool { return peer == Rueidislock || peer == Redislock }

// Connections is how many the peer has to the proxy.
func Connections(peer string, callers int) int {
	switch {
	case peer == ProxyConns:
		return callers
	case ThroughProxy(peer):
		return 1
	}
	return 0
}

// inNode says whether callers.mjs plays the peer.
func inNode(peer string) bool {
	return slices.Contains([]string{ProxyIoredis, NodeRedlock, RedlockUniversal}, peer)
}

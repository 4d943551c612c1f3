package redlock

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// simNode is one Redis of a simulation. It executes what the product sends,
// with the product's own scripts, on its own clock; it can be stopped and go
// on, end and start again with or without its memory. All of it is under the
// world's lock.
type simNode struct {
	index  int
	random *rand.Rand
	keys   *simKeys
	clock  simClock

	runs       int // server processes so far; the present one if it is up
	runID      string
	booted     int64 // seconds, by its clock, when it says that the process began
	follows    bool  // it is a replica
	lastID     int64
	clients    map[int64]*simConn
	scripts    map[string]bool
	mayNotKill bool // CLIENT KILL is refused by its ACL
	up         bool
	// remembers: the next process has the keys of this one.
	remembers bool
	paused    bool
	inbox     []*simMessage // what has arrived while it is paused
}

// simClock is a node's wall clock: it is off by some time, and goes a little
// faster or slower than that of the proxies.
type simClock struct {
	began  time.Time
	offset time.Duration
	speed  float64 // 1.01 is 1 % too fast
}

func (c *simClock) micros(now time.Time) int64 {
	gone := time.Duration(float64(now.Sub(c.began)) * c.speed)
	return c.began.Add(c.offset + gone).UnixMicro()
}

// simConn is a connection as the node has it.
type simConn struct {
	node *simNode
	run  int   // the node's process that has it
	id   int64 // what CLIENT ID says
	dead bool  // killed, or its process ended: nothing of it will be executed
	wire *simWire
	// order is what was sent over it and is not executed, as it left.
	order []*simMessage
}

func newSimNode(index int, random *rand.Rand, clock simClock) *simNode {
	n := &simNode{index: index, random: random, clock: clock, keys: newSimKeys()}
	n.start(clock.began)
	n.aged()
	return n
}

// start begins a new server process.
func (n *simNode) start(now time.Time) {
	if !n.remembers {
		n.keys = newSimKeys()
	}
	n.runs++
	n.runID = fmt.Sprintf("%016x%016x%08x", n.random.Uint64(), n.random.Uint64(), n.random.Uint32())
	n.lastID, n.clients, n.scripts = 0, map[int64]*simConn{}, map[string]bool{}
	n.up, n.paused, n.follows = true, false, false
	n.booted = n.clock.micros(now) / 1e6
}

// aged makes it a server that was there long before the schedule began: nothing
// may rest on its uptime.
func (n *simNode) aged() { n.booted -= 1e6 }

// crash ends the process, and with it all connections and what they had sent.
func (n *simNode) crash() (ended []*simConn) {
	n.up = false
	return n.hangUp()
}

// hangUp ends all connections.
func (n *simNode) hangUp() (ended []*simConn) {
	for id := int64(1); id <= n.lastID; id++ {
		if c := n.clients[id]; c != nil {
			c.dead = true
			ended = append(ended, c)
		}
	}
	n.inbox = nil
	return ended
}

// accept gives a new connection its id.
func (n *simNode) accept(w *simWire) *simConn {
	n.lastID++
	c := &simConn{node: n, run: n.runs, id: n.lastID, wire: w}
	n.clients[c.id] = c
	return c
}

// execute runs one command of a connection.
func (n *simNode) execute(c *simConn, args []string, now time.Time) any {
	n.keys.micros, n.keys.readOnly = n.clock.micros(now), n.follows
	switch strings.ToLower(args[0]) {
	case "client":
		return n.client(c, args)
	case "info":
		return n.info(now)
	case "ping":
		return simStatus("PONG")
	case "script":
		return n.load(args)
	case "evalsha":
		return n.evalsha(args)
	case "flushall":
		n.keys.values = map[string]*simValue{}
		return simOK
	}
	return n.keys.run(args)
}

func (n *simNode) client(c *simConn, args []string) any {
	if strings.EqualFold(args[1], "id") {
		return c.id
	}
	if n.mayNotKill {
		return simError("NOPERM this user has no permissions to run the 'client|kill' command")
	}
	// client kill id n
	id, _ := strconv.ParseInt(args[3], 10, 64)
	other := n.clients[id]
	if other == nil || other.dead {
		return int64(0)
	}
	other.dead = true
	return int64(1)
}

func (n *simNode) load(args []string) any {
	sha, err := simCompile(args[2])
	if err != nil {
		return simError("ERR Error compiling script (new function): " + err.Error())
	}
	n.scripts[sha] = true
	return sha
}

func (n *simNode) evalsha(args []string) any {
	sha := args[1]
	if !n.scripts[sha] {
		return simError("NOSCRIPT No matching script. Please use EVAL.")
	}
	count, err := strconv.Atoi(args[2])
	if err != nil || count < 0 || count > len(args)-3 {
		return simError("ERR Number of keys can't be greater than number of args")
	}
	return simRun(n.keys, sha, args[3:3+count], args[3+count:])
}

// info is as far as the product reads it.
func (n *simNode) info(now time.Time) string {
	role := "master"
	if n.follows {
		role = "slave"
	}
	lines := []string{
		"# Server", "redis_version:7.0.15", "redis_mode:standalone", "run_id:" + n.runID,
		fmt.Sprintf("uptime_in_seconds:%d", n.clock.micros(now)/1e6-n.booted),
		"# Memory", "maxmemory:0", "maxmemory_policy:noeviction",
		"# Replication", "role:" + role, "connected_slaves:0", "",
	}
	return strings.Join(lines, "\r\n")
}

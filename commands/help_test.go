package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/redlock"
)

// patience is long, as the machine may be busy, and only ever used up by a
// test that fails.
const patience = 20 * time.Second

// caller runs commands on a table as one connection does, without a socket.
type caller struct {
	t       *testing.T
	table   *commands.Table
	session *commands.Session
	ended   []uint64        // sessions
	held    []time.Duration // by Hold
	wait    bool            // Hold waits
	onHold  func()
	read    uint64 // of the next calls
	others  []*commands.Session
	lost    chan commands.Reply // given to connections that lost a lock
	ctx     context.Context     // of the calls, unless nil
	nodes   []*miniredis.Miniredis
	log     *bytes.Buffer
	settle  func() // ends the quorum; when it returns all undoing is done
}

// newCaller makes a table over three embedded nodes.
func newCaller(t *testing.T, password string) *caller {
	t.Helper()
	var servers []*miniredis.Miniredis
	var nodes []redlock.Node
	for i := range 3 {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		if err := m.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		servers = append(servers, m)
		nodes = append(nodes, redlock.Node{Name: fmt.Sprintf("node-%d", i), Options: &redis.Options{Addr: m.Addr()}})
	}
	c := newCallerOver(t, password, nodes)
	c.nodes = servers
	return c
}

// newCallerOver makes a table over these nodes.
func newCallerOver(t *testing.T, password string, nodes []redlock.Node) *caller {
	t.Helper()
	c := &caller{t: t, log: &bytes.Buffer{}, lost: make(chan commands.Reply, 10)}
	quorum, err := redlock.New(t.Context(), redlock.Options{Nodes: nodes, NodeTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	c.settle = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := quorum.Close(ctx); err != nil {
			t.Errorf("the quorum did not come to rest: %v", err)
		}
	})
	t.Cleanup(c.settle)
	c.table = &commands.Table{
		Quorum: quorum, Logger: slog.New(slog.NewTextHandler(c.log, nil)), Version: "1.2.3-test",
		Password: password, GuessDelay: time.Millisecond,
	}
	c.table.Front = c
	if err := c.table.Prepare(); err != nil {
		t.Fatal(err)
	}
	c.begin()
	return c
}

// begin makes the session a new one.
func (c *caller) begin() {
	c.session = &commands.Session{}
	c.table.Begin(c.session, 1, "127.0.0.1:1", "127.0.0.1:2")
}

// The caller is the whole front of its table.

func (c *caller) Clients() int    { return 1 }
func (c *caller) MaxClients() int { return 10 }
func (c *caller) Sessions() []*commands.Session {
	return append([]*commands.Session{c.session}, c.others...)
}
func (c *caller) Traffic() commands.Traffic { return commands.Traffic{Received: 1} }
func (c *caller) Lose(s *commands.Session, r commands.Reply, _ time.Time) {
	c.table.Gone(s)
	c.lost <- r
}
func (c *caller) End(s *commands.Session) { c.ended = append(c.ended, s.ID) }

// port is what a test makes of a call's way back.
type port struct {
	send func(commands.Reply)
	hold func(d time.Duration, early <-chan struct{})
}

func (p *port) Send(r commands.Reply)                       { p.send(r) }
func (p *port) Hold(d time.Duration, early <-chan struct{}) { p.hold(d, early) }

// call runs a command and waits for its reply.
func (c *caller) call(args ...string) commands.Reply {
	c.t.Helper()
	replies := make(chan commands.Reply, 2)
	way := &port{send: func(r commands.Reply) { replies <- r }}
	call := &commands.Call{Context: c.t.Context(), Read: c.read, Session: c.session, Proto: c.session.Proto, Port: way}
	if c.ctx != nil {
		call.Context = c.ctx
	}
	way.hold = func(d time.Duration, early <-chan struct{}) {
		c.held = append(c.held, d)
		if c.onHold != nil {
			c.onHold()
		}
		if c.wait {
			select {
			case <-early:
			case <-time.After(d):
			case <-call.Context.Done():
			}
		}
	}
	for _, a := range args {
		call.Args = append(call.Args, []byte(a))
	}
	c.table.Run(call)
	select {
	case r := <-replies:
		return r
	case <-time.After(patience):
		c.t.Fatalf("%q: no reply", args)
		return nil
	}
}

// want runs a command, whose words are separated by single spaces, and
// compares the reply.
func (c *caller) want(line string, want commands.Reply) {
	c.t.Helper()
	c.wantArgs(strings.Split(line, " "), want)
}

func (c *caller) wantArgs(args []string, want commands.Reply) {
	c.t.Helper()
	if got := c.call(args...); !reflect.DeepEqual(got, want) {
		c.t.Errorf("%.200q: got %#v, want %#v", args, got, want)
	}
}

// grant runs a LOCK that must be won.
func (c *caller) grant(line string) commands.Perishable {
	c.t.Helper()
	r := c.call(strings.Split(line, " ")...)
	grant, is := r.(commands.Perishable)
	if !is {
		c.t.Fatalf("%s: got %#v, want a grant", line, r)
	}
	return grant
}

// keys lists all locks on all nodes.
func (c *caller) keys() (keys []string) {
	for _, m := range c.nodes {
		keys = append(keys, m.Keys()...)
	}
	return keys
}

func (c *caller) wantNoKeys() {
	c.t.Helper()
	c.settle()
	if keys := c.keys(); len(keys) > 0 {
		c.t.Errorf("left behind on the nodes: %q", keys)
	}
}

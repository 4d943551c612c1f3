package redlock_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/commands"
	"redlock-proxy/internal/redistest"
	"redlock-proxy/proxy"
	"redlock-proxy/redlock"
)

var (
	stormSeed  = flag.Uint64("storm.seed", 0, "replay the choices of a storm; 0 makes new ones")
	stormPairs = flag.Int64("storm.pairs", 10_000, "lock/unlock pairs of a storm")
)

const (
	stormClients   = 50
	stormResources = 8
	stormTTL       = 1500 * time.Millisecond
)

// storm is the whole stack on five real nodes whose wires and processes fail
// at random: 50 connections lock and unlock, and note when they believed that
// they held what.
type storm struct {
	t       *testing.T
	seed    uint64
	servers []*redistest.Server
	wires   []*redistest.Wire
	quorum  *redlock.Quorum
	server  *proxy.Server
	addr    string

	pairs    atomic.Int64
	want     int64
	overlaps atomic.Int64 // two clients relied on one resource at a time
	only     bool         // the first overlap is all that is wanted

	mu   sync.Mutex
	held map[string]time.Time // when the last reliance on a resource ended
}

type maker func(context.Context, redlock.Options) (*redlock.Quorum, error)

func startStorm(t *testing.T, make maker, pairs int64) *storm {
	t.Helper()
	s := &storm{t: t, want: pairs, seed: *stormSeed, held: map[string]time.Time{}}
	if s.seed == 0 {
		s.seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay the choices with -storm.seed=%d", s.seed)
	s.servers = redistest.Start(t, 5)
	var nodes []redlock.Node
	for i, r := range s.servers {
		w := redistest.StartWire(t, r.Addr())
		s.wires = append(s.wires, w)
		nodes = append(nodes, redlock.Node{Name: fmt.Sprintf("n%d", i+1), Options: &redis.Options{Addr: w.Addr()}})
	}
	var err error
	s.quorum, err = make(t.Context(), redlock.Options{Nodes: nodes, NodeTimeout: 100 * time.Millisecond, MaxTTL: 2 * stormTTL, FirstStart: redlock.FirstStartForce})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.quorum.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	table := &commands.Table{Quorum: s.quorum, Logger: log}
	s.server = proxy.New(t.Context(), proxy.Options{Table: table, Logger: log})
	table.Front = s.server
	if err := table.Prepare(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Serve(l, nil); err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	return s
}

// run lets clients and faults loose until the pairs are done.
func (s *storm) run() {
	var work sync.WaitGroup
	for i := range stormClients {
		work.Go(func() { s.client(rand.New(rand.NewPCG(s.seed, uint64(i)))) })
	}
	done := make(chan struct{})
	var weather sync.WaitGroup
	// Two at a time: with one, even half a quorum would do.
	weather.Go(func() { s.faults(rand.New(rand.NewPCG(s.seed, 1<<32)), done, s.kill) })
	weather.Go(func() {
		s.faults(rand.New(rand.NewPCG(s.seed, 1<<33)), done, func() bool { return s.pairs.Load() > s.want/2 })
	})
	work.Wait()
	close(done)
	weather.Wait()
}

// client is one connection at a time; now and then it gives up waiting for a
// reply and hangs up.
func (s *storm) client(random *rand.Rand) {
	c := redis.NewClient(&redis.Options{Addr: s.addr, PoolSize: 1, MaxRetries: -1, ContextTimeoutEnabled: true, ReadTimeout: 10 * time.Second, Protocol: 2 + random.IntN(2)})
	defer func() { _ = c.Close() }()
	for !s.over() {
		resource := fmt.Sprintf("r%d", random.IntN(stormResources))
		args := []any{"LOCK", resource, stormTTL.Milliseconds()}
		if random.IntN(2) == 0 {
			args = append(args, "TOKEN", fmt.Sprintf("%x", random.Uint64()))
		}
		patience := 10 * time.Second
		if random.IntN(20) == 0 {
			patience = time.Duration(1+random.IntN(20)) * time.Millisecond
		}
		hold := time.Duration(random.IntN(3)) * time.Millisecond
		if random.IntN(20) == 0 {
			hold = time.Duration(random.IntN(200)) * time.Millisecond // nodes come and go meanwhile
		}
		s.pair(c, resource, args, patience, hold)
	}
}

func (s *storm) pair(c *redis.Client, resource string, args []any, patience, hold time.Duration) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	sent := time.Now()
	reply, err := c.Do(ctx, args...).Slice()
	from := time.Now()
	if err != nil || len(reply) != 2 {
		return // held, no quorum, too late, or given up
	}
	validity := time.Duration(reply[1].(int64)) * time.Millisecond
	<-time.After(hold) // the work under the lock
	to := time.Now()
	if until := sent.Add(validity); until.Before(to) {
		to = until
	}
	s.relied(resource, from, to)
	if n, err := c.Do(s.t.Context(), "UNLOCK", resource, reply[0]).Int(); err == nil && n == 1 {
		s.pairs.Add(1)
	}
}

// relied notes a time in which a client relied on a lock. They are noted as
// they end, so of two that overlap the later one begins before the other's end.
func (s *storm) relied(resource string, from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from.Before(s.held[resource]) && from.Before(to) {
		s.overlaps.Add(1)
	}
	if to.After(s.held[resource]) {
		s.held[resource] = to
	}
}

func (s *storm) over() bool {
	return s.pairs.Load() >= s.want || s.only && s.overlaps.Load() > 0
}

// kill ends two nodes for good, half-way.
func (s *storm) kill() bool {
	if s.pairs.Load() > s.want/2 {
		s.servers[0].Kill()
		s.servers[1].Kill()
	}
	return false
}

// faults pauses nodes and breaks wires until over says so.
func (s *storm) faults(random *rand.Rand, done <-chan struct{}, over func() bool) {
	for !over() {
		i := random.IntN(len(s.servers))
		lasts := time.Duration(random.IntN(150)) * time.Millisecond
		switch random.IntN(5) {
		case 0, 1:
			s.servers[i].Pause()
			wait(done, lasts)
			s.servers[i].Resume()
		case 2:
			s.wires[i].Cut()
		case 3:
			s.wires[i].LoseReplies(true)
			wait(done, lasts)
			s.wires[i].LoseReplies(false)
		case 4:
			s.wires[i].HoldRequests(true)
			wait(done, lasts)
			s.wires[i].HoldRequests(false)
		}
		if wait(done, time.Duration(random.IntN(50))*time.Millisecond) {
			return
		}
	}
}

// wait is the length of a fault; it reports whether the storm is over.
func wait(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// end closes everything and waits for it.
func (s *storm) end() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 20*time.Second)
	defer cancel()
	s.server.Close(ctx)
	if err := s.quorum.Close(ctx); err != nil {
		s.t.Errorf("Close: %v", err)
	}
}

// TestStorm is not parallel: it counts goroutines.
func TestStorm(t *testing.T) {
	before := runtime.NumGoroutine()
	s := startStorm(t, redlock.New, *stormPairs)
	s.run()
	if n := s.overlaps.Load(); n > 0 {
		t.Errorf("%d times two clients held one resource within their validities", n)
	}
	alive := s.servers[2:]
	// Locks whose UNLOCK failed, and what an overtaken acquire left, last for
	// their ttl and no longer.
	eventually(t, "no key is left", func() bool {
		for _, r := range alive {
			if keys, err := r.Keys(t.Context()); err != nil || len(keys) > 0 {
				return false
			}
		}
		return true
	})
	s.end()
	for i := range s.wires {
		s.wires[i].Close()
		s.servers[i].Close()
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestStormWithHalfQuorumWouldBeNoticed is the control of the storm: it ends
// as soon as the violation has been seen.
func TestStormWithHalfQuorumWouldBeNoticed(t *testing.T) {
	s := startStorm(t, redlock.NewWithHalfQuorum, 100_000)
	s.only = true
	s.run()
	s.end()
	t.Logf("%d pairs until the first violation", s.pairs.Load())
	if s.overlaps.Load() == 0 {
		t.Error("with a quorum of N/2 no two clients met: the storm shows nothing")
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
			t.Fatalf("never came true: %s\n%s", what, strings.Join(stacks, "\n\n"))
		}
		time.Sleep(5 * time.Millisecond) // the pace of polling
	}
}

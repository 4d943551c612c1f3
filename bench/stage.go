package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"redlock-proxy/internal/redistest"
)

// nodeCount is the usual quorum, and what the figures are about.
const nodeCount = 5

// stage is what all peers work on: five nodes, and a proxy in front of them.
type stage struct {
	dir     string
	nodes   []*redistest.Server
	proxy   *proxyProcess
	asking  redis.Conn // to the proxy
	version string     // of the nodes' Redis
	dead    int        // so many of the first nodes are killed
}

// openStage starts everything, or nothing.
func openStage(ctx context.Context, p plan) (*stage, error) {
	s := &stage{}
	if err := s.open(ctx, p); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) open(ctx context.Context, p plan) (err error) {
	if s.dir, err = os.MkdirTemp("", "redlock-bench-"); err != nil {
		return err
	}
	for range nodeCount {
		n, err := redistest.Launch(s.dir)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
	}
	info, err := s.nodes[0].Client().Info(ctx, "server").Result()
	if err != nil {
		return fmt.Errorf("ask a node for its version: %w", err)
	}
	s.version = field(info, "redis_version")

	binary := p.proxy
	if binary == "" {
		if binary, err = buildProxy(ctx, s.dir); err != nil {
			return err
		}
	}
	if s.proxy, err = startProxy(ctx, binary, s.addresses()); err != nil {
		return err
	}
	s.dead = p.dead
	for _, n := range s.nodes[:s.dead] {
		n.Kill()
	}
	s.asking, err = dial(ctx, s.proxy.address)
	return err
}

func (s *stage) addresses() []string {
	var a []string
	for _, n := range s.nodes {
		a = append(a, n.Addr())
	}
	return a
}

func (s *stage) close() error {
	var errs error
	if s.asking != nil {
		errs = errors.Join(errs, s.asking.Close())
	}
	if s.proxy != nil {
		errs = errors.Join(errs, s.proxy.close())
	}
	for _, n := range s.nodes {
		n.Close()
	}
	if s.dir != "" {
		errs = errors.Join(errs, os.RemoveAll(s.dir))
	}
	return errs
}

// await returns when exactly so many clients are connected to the proxy, so
// that a peer's claim about its connections is checked by the other side. Those
// of the peer before may take a moment to go.
func (s *stage) await(ctx context.Context, clients int) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; {
		info, err := redis.String(s.asking.Do("INFO", "clients"))
		if err != nil {
			return fmt.Errorf("ask the proxy for its clients: %w", err)
		}
		got := field(info, "connected_clients")
		if got == strconv.Itoa(clients+1) { // and s.asking
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the proxy has %s clients, want %d and the one that asks", got, clients)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// field reads a line of INFO.
func field(info, name string) string {
	_, rest, _ := strings.Cut(info, name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

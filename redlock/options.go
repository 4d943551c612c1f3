package redlock

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Limits on what a caller may name. They keep every queue entry small; a lock
// is a name, not a place to keep data.
const (
	MaxResource = 1024 // bytes in a resource
	MaxToken    = 256  // bytes in a token
)

// reservedPrefix begins the keys and channels that belong to the proxies
// themselves.
const reservedPrefix = "__redlock:"

// Options say which nodes make the quorum and what each step may take.
// A zero field means its default.
type Options struct {
	// Nodes are the independent masters. A majority of them, N/2+1, must agree.
	// Use an odd number of at least 3. One node is allowed, and is then no safer
	// than that node; an even number is allowed, and tolerates no more failures
	// than the odd number below it. Every program that locks on these nodes must
	// name the same ones, or two majorities need not meet.
	Nodes []Node

	// KeyPrefix is put before every resource to make the key on the nodes.
	// Default: none, which shares locks with the libraries that use the plain
	// name (redsync, node-redlock and most others).
	KeyPrefix string

	// DriftFactor is the share of a ttl given up because clocks run at
	// different speeds: drift = ttl x DriftFactor + 2 ms. Default 0.01, which
	// is far more than a quartz drifts and what all libraries use; raising it
	// costs validity, lowering it trusts the nodes' clocks more.
	DriftFactor float64

	// NodeTimeout is how long one node may take for one batch of requests, and
	// how long a request may wait for its turn. Default 250 ms. Lower finds a
	// hung node sooner, and drops slow ones; it must be well above the slowest
	// round trip.
	NodeTimeout time.Duration

	// Lanes is how many connections for requests each node has. What concerns one
	// resource always goes by the same one, in order. Default 1: more make smaller
	// batches, which costs the nodes and this process some 8 % of their time (see
	// bench/README.md), and keep what is slow from half of the resources. At most 16.
	Lanes int

	// MaxTTL is the longest ttl a caller may ask for. Default 5 minutes. It
	// bounds how long a lock outlives a holder that died.
	MaxTTL time.Duration

	// RetryDelay and RetryJitter space the attempts of a Lock that waits when
	// nothing else gives it a reason to ask: every RetryDelay, give or take up to
	// RetryJitter. Both 200 ms by default. A release by any process that uses this
	// package is heard of at once; these are for locks that other libraries
	// release. Only the first of those who wait for a resource asks.
	// A negative RetryJitter is none.
	RetryDelay  time.Duration
	RetryJitter time.Duration

	// MaxWaiters is how many Locks may wait at once, for all resources together,
	// and MaxWaitersPerResource how many for one. Defaults 65536 and 16384. Each costs
	// about a kilobyte.
	MaxWaiters            int
	MaxWaitersPerResource int

	// FirstStart says what to do with nodes that have never been a quorum's.
	// Default FirstStartAuto.
	FirstStart FirstStart

	// Logger hears of nodes that go down and come back, never of single
	// requests, and never sees a token. Default: silence.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.DriftFactor == 0 {
		o.DriftFactor = 0.01
	}
	if o.NodeTimeout == 0 {
		o.NodeTimeout = 250 * time.Millisecond
	}
	if o.MaxTTL == 0 {
		o.MaxTTL = 5 * time.Minute
	}
	if o.Lanes == 0 {
		o.Lanes = 1
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = 200 * time.Millisecond
	}
	switch {
	case o.RetryJitter == 0:
		o.RetryJitter = 200 * time.Millisecond
	case o.RetryJitter < 0:
		o.RetryJitter = 0
	}
	if o.MaxWaiters == 0 {
		o.MaxWaiters = 65536
	}
	if o.MaxWaitersPerResource == 0 {
		o.MaxWaitersPerResource = 16384
	}
	if o.FirstStart == "" {
		o.FirstStart = FirstStartAuto
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// maxLanes is more connections than a node's one thread can keep busy.
const maxLanes = 16

// maxNodes bounds the tables that are kept per request. More nodes make a
// quorum slower and no safer in practice; 5 is usual, 9 is a lot.
const maxNodes = 31

func (o Options) validate() error {
	switch {
	case len(o.Nodes) == 0:
		return fmt.Errorf("redlock: Nodes is empty, at least one node is needed")
	case len(o.Nodes) > maxNodes:
		return fmt.Errorf("redlock: %d Nodes, at most %d are useful", len(o.Nodes), maxNodes)
	case o.DriftFactor < 0 || o.DriftFactor >= 0.5:
		return fmt.Errorf("redlock: DriftFactor %v is not within 0 and 0.5", o.DriftFactor)
	case o.NodeTimeout < time.Millisecond:
		return fmt.Errorf("redlock: NodeTimeout %v is below 1ms", o.NodeTimeout)
	case o.Lanes < 1 || o.Lanes > maxLanes:
		return fmt.Errorf("redlock: Lanes %d is not within 1 and %d", o.Lanes, maxLanes)
	case o.MaxTTL < 10*time.Millisecond || o.MaxTTL > 24*time.Hour:
		return fmt.Errorf("redlock: MaxTTL %v is not within 10ms and 24h", o.MaxTTL)
	case o.RetryDelay < time.Millisecond:
		return fmt.Errorf("redlock: RetryDelay %v is below 1ms", o.RetryDelay)
	case o.MaxWaiters < 0 || o.MaxWaitersPerResource < 0:
		return fmt.Errorf("redlock: MaxWaiters %d or MaxWaitersPerResource %d is negative", o.MaxWaiters, o.MaxWaitersPerResource)
	case o.FirstStart != FirstStartAuto && o.FirstStart != FirstStartWait && o.FirstStart != FirstStartForce:
		return fmt.Errorf("redlock: FirstStart %q is not auto, wait or force", o.FirstStart)
	case strings.HasPrefix(o.KeyPrefix, reservedPrefix):
		return fmt.Errorf("redlock: KeyPrefix %q begins with %q, which is reserved", o.KeyPrefix, reservedPrefix)
	case len(o.KeyPrefix) > MaxResource:
		return fmt.Errorf("redlock: KeyPrefix of %d bytes is over the limit of %d", len(o.KeyPrefix), MaxResource)
	}
	seen := map[string]bool{}
	for _, n := range o.Nodes {
		if n.Options == nil {
			return fmt.Errorf("redlock: node %q has no Options", n.Name)
		}
		// Two databases of one Redis are one node: they fail and forget together.
		if seen[n.Options.Addr] {
			return fmt.Errorf("redlock: node %s is named twice; each node must be a different Redis", n.Name)
		}
		seen[n.Options.Addr] = true
	}
	return nil
}

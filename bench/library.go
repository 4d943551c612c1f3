package main

import (
	"context"
	"time"

	"redlock-proxy/bench/stage"
	"redlock-proxy/redlock"
)

// library is package redlock in our own process: the proxy's engine without
// the proxy.
type library struct{ quorum *redlock.Quorum }

func openLibrary(ctx context.Context, s *stage.Stage, _ int) (peer, error) {
	var nodes []redlock.Node
	for _, address := range s.Addresses() {
		n, err := redlock.ParseNode("redis://" + address)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	q, err := redlock.New(ctx, redlock.Options{Nodes: nodes, FirstStart: redlock.FirstStartForce})
	if err != nil {
		return nil, err
	}
	if err := q.Ready(ctx); err != nil {
		return nil, err
	}
	return &library{q}, nil
}

func (l *library) name() string { return "Go library redlock" }

func (l *library) caller(i int) func(context.Context) error {
	r := redlock.Request{Resource: resource(i), TTL: ttl}
	return func(ctx context.Context) error {
		g, err := l.quorum.Lock(ctx, r)
		if err != nil {
			return err
		}
		return l.quorum.Unlock(ctx, redlock.Request{Resource: r.Resource, Token: g.Token})
	}
}

func (l *library) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return l.quorum.Close(ctx)
}

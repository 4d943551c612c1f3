package callers

import (
	"context"
	"time"

	"redlock-proxy/redlock"
)

// library is package redlock in our own process: the proxy's engine without
// the proxy.
type library struct {
	quorum *redlock.Quorum
	order  Order
}

func openLibrary(ctx context.Context, o Order) (peer, error) {
	var nodes []redlock.Node
	for _, address := range o.Nodes {
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
	return &library{q, o}, nil
}

func (l *library) caller(i int) steps {
	r := redlock.Request{Resource: l.order.resource(i), TTL: ttl}
	token := ""
	return steps{
		lock: func(ctx context.Context) error {
			g, err := l.quorum.Lock(ctx, r)
			token = g.Token
			return err
		},
		unlock: func(ctx context.Context) error {
			return l.quorum.Unlock(ctx, redlock.Request{Resource: r.Resource, Token: token})
		},
	}
}

func (l *library) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return l.quorum.Close(ctx)
}

package main

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"redlock-proxy/redlock"
)

// embeddedNodes is how many nodes the proxy starts when it is given none: as
// many as a real quorum usually has, so that trying it out shows the real thing.
const embeddedNodes = 5

// embedded are nodes inside this process, each on a loopback port of its own.
type embedded []*miniredis.Miniredis

// startEmbedded starts nodes whose keys expire by the wall clock.
func startEmbedded() (embedded, []redlock.Node, error) {
	var servers embedded
	var nodes []redlock.Node
	for i := range embeddedNodes {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		if err := m.Start(); err != nil {
			servers.close()
			return nil, nil, fmt.Errorf("starting an embedded node: %w", err)
		}
		servers = append(servers, m)
		name := fmt.Sprintf("embedded-%d", i+1)
		nodes = append(nodes, redlock.Node{Name: name, Options: &redis.Options{Addr: m.Addr()}})
	}
	return servers, nodes, nil
}

func (e embedded) close() {
	for _, m := range e {
		m.Close()
	}
}

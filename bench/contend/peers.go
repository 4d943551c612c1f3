package main

import (
	"context"
	"errors"
	"strings"
)

// peer is one who can have a turn.
type peer struct {
	name  string
	nodes int    // on how many Redis it locks
	proxy bool   // the only ones that can have several proxies
	open  opener // nil for one in a process of its own
	play  func(ctx context.Context, t turn) (record, error)
}

// peers is the order of turns and of the tables.
func peers() []peer {
	return []peer{
		inProcess("proxy, a connection each", 5, openProxyConns),
		inProcess("proxy, shared connection", 5, openProxyShared),
		inProcess("redsync", 5, openRedsync),
		{name: "node-redlock", nodes: 5, play: playNodeRedlock},
		inProcess("rueidislock", 1, openRueidislock),
		inProcess("bsm/redislock", 1, openRedislock),
	}
}

func inProcess(name string, nodes int, open opener) peer {
	proxy := strings.HasPrefix(name, "proxy")
	return peer{name, nodes, proxy, open, func(ctx context.Context, t turn) (record, error) {
		return play(ctx, t, open)
	}}
}

// choose gives the peers whose name has one of the words in it.
func choose(words string, proxies int) ([]peer, error) {
	var chosen []peer
	for _, p := range peers() {
		for word := range strings.SplitSeq(words, ",") {
			if strings.Contains(p.name, strings.TrimSpace(word)) && (p.proxy || proxies == 1) {
				chosen = append(chosen, p)
				break
			}
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("-peers: none has such a name")
	}
	return chosen, nil
}

var errNotReleased = errors.New("released nothing: the lock was not held")

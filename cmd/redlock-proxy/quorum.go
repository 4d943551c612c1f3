package main

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// quorumConfig are the flags that say which nodes make the quorum and how they
// are reached, which every subcommand that asks them has. Each sets, for help,
// what it does without_nodes.
type quorumConfig struct {
	Node        []string      `help:"One independent Redis master: redis://[user:pass@]host:port[/db], rediss://... or unix://... (repeatable; 3 or 5 of them).${without_nodes}" sep:" " placeholder:"URL"`
	KeyPrefix   string        `help:"Put before every lock key on the nodes." placeholder:"PREFIX"`
	DriftFactor float64       `help:"Share of a ttl given up for clock drift." default:"0.01"`
	MaxTTL      time.Duration `help:"Longest ttl a client may ask for; also how long a node that may have forgotten locks casts no votes. The same for all proxies." default:"5m" name:"max-ttl"`
	NodeTimeout time.Duration `help:"How long one node may take for one request." default:"250ms"`
	NodeTLSCA   string        `help:"PEM certificates that vouch for the nodes of rediss:// urls, instead of those of the system; read again at SIGHUP." name:"node-tls-ca" placeholder:"FILE"`
	NodeTLSCert string        `help:"PEM certificate chain to show to the nodes of rediss:// urls; read again at SIGHUP." name:"node-tls-cert" placeholder:"FILE"`
	NodeTLSKey  string        `help:"PEM key of --node-tls-cert." name:"node-tls-key" placeholder:"FILE"`
}

// validateQuorum checks the flags that every subcommand which asks nodes has.
func (c *quorumConfig) validateQuorum() error {
	switch {
	case c.DriftFactor < 0.001 || c.DriftFactor >= 0.5:
		return usageError(fmt.Sprintf("--drift-factor=%v: must be at least 0.001 and below 0.5", c.DriftFactor))
	case c.MaxTTL < 10*time.Millisecond || c.MaxTTL > 24*time.Hour:
		return usageError(fmt.Sprintf("--max-ttl=%v: must be within 10ms and 24h", c.MaxTTL))
	case c.NodeTimeout < time.Millisecond || c.NodeTimeout > time.Minute:
		return usageError(fmt.Sprintf("--node-timeout=%v: must be within 1ms and 1m", c.NodeTimeout))
	case strings.HasPrefix(c.KeyPrefix, "__redlock:"):
		return usageError(fmt.Sprintf("--key-prefix=%s: __redlock: is for the proxies' own keys", c.KeyPrefix))
	case len(c.KeyPrefix) > redlock.MaxResource:
		return usageError(fmt.Sprintf("--key-prefix: %d bytes, at most %d are allowed", len(c.KeyPrefix), redlock.MaxResource))
	case (c.NodeTLSCert == "") != (c.NodeTLSKey == ""):
		return usageError("--node-tls-cert and --node-tls-key: one is of no use without the other")
	}
	return nil
}

// quorumOptions are what these flags mean to the library.
func (c *quorumConfig) quorumOptions(nodes []redlock.Node) redlock.Options {
	return redlock.Options{
		Nodes:       nodes,
		KeyPrefix:   c.KeyPrefix,
		DriftFactor: c.DriftFactor,
		NodeTimeout: c.NodeTimeout,
		MaxTTL:      c.MaxTTL,
	}
}

// nodes reads the node urls. The sentences do not repeat them whole: they may
// hold passwords.
func (c *quorumConfig) nodes() ([]redlock.Node, error) {
	var nodes []redlock.Node
	var secured []*tls.Config
	seen := map[string]bool{}
	for i, url := range c.Node {
		n, err := redlock.ParseNode(url)
		if err != nil {
			return nil, usageError(fmt.Sprintf("--node number %d: not a url of the form redis://[user:pass@]host:port[/db], rediss://... or unix:///path; is redis:// missing in front, or are there commas instead of spaces between?", i+1))
		}
		if seen[n.Options.Addr] {
			return nil, usageError(fmt.Sprintf("--node=%s is there twice; each node must be a Redis of its own", n.Options.Addr))
		}
		seen[n.Options.Addr] = true
		if n.Options.TLSConfig != nil {
			secured = append(secured, n.Options.TLSConfig)
		}
		nodes = append(nodes, n)
	}
	return nodes, c.secureNodes(secured)
}

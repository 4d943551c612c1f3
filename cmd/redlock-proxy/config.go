package main

import (
	"fmt"
	"net"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// config are the flags of serve. This file is the only reader of flags; each
// is also REDLOCK_… in the environment and a name in the file of --config.
type config struct {
	Listen        []string      `help:"Where clients connect: host:port or unix:///path (repeatable)." default:"127.0.0.1:7379" sep:" " placeholder:"ADDR"`
	Node          []string      `help:"One independent Redis master: redis://[user:pass@]host:port[/db], rediss://... or unix://... (repeatable; 3 or 5 of them). Without any, five nodes are embedded in the process." sep:" " placeholder:"URL"`
	KeyPrefix     string        `help:"Put before every lock key on the nodes." placeholder:"PREFIX"`
	DriftFactor   float64       `help:"Share of a ttl given up for clock drift." default:"0.01"`
	MaxTTL        time.Duration `help:"Longest ttl a client may ask for." default:"5m" name:"max-ttl"`
	NodeTimeout   time.Duration `help:"How long one node may take for one request." default:"250ms"`
	MaxClients    int           `help:"Most connections at once." default:"10000"`
	IdleTimeout   time.Duration `help:"End connections that ask for nothing for so long; 0 is never." default:"0s"`
	DrainTimeout  time.Duration `help:"How long clients may still release and extend after SIGTERM." default:"5s"`
	Requirepass   string        `help:"Password that clients must give. Better in REDLOCK_REQUIREPASS than on the command line, which others can read." placeholder:"PASSWORD"`
	ProtectedMode string        `help:"Refuse to listen beyond this machine without a password: yes or no." default:"yes" enum:"yes,no"`
	LogLevel      string        `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	LogFormat     string        `help:"text or json." default:"text" enum:"text,json"`
}

// maxDrain keeps a drain from holding up a shutdown for ever.
const maxDrain = 10 * time.Minute

// validate checks what a single flag's type does not say. Each sentence names
// the flag and its value.
func (c *config) validate() error {
	switch {
	case c.DriftFactor < 0.001 || c.DriftFactor >= 0.5:
		return usageError(fmt.Sprintf("--drift-factor=%v: must be at least 0.001 and below 0.5", c.DriftFactor))
	case c.MaxTTL < 10*time.Millisecond || c.MaxTTL > 24*time.Hour:
		return usageError(fmt.Sprintf("--max-ttl=%v: must be within 10ms and 24h", c.MaxTTL))
	case c.NodeTimeout < time.Millisecond || c.NodeTimeout > time.Minute:
		return usageError(fmt.Sprintf("--node-timeout=%v: must be within 1ms and 1m", c.NodeTimeout))
	case c.MaxClients < 1 || c.MaxClients > 1_000_000:
		return usageError(fmt.Sprintf("--max-clients=%d: must be within 1 and 1000000", c.MaxClients))
	case c.IdleTimeout != 0 && c.IdleTimeout < time.Second:
		return usageError(fmt.Sprintf("--idle-timeout=%v: must be 0s, which is never, or at least 1s", c.IdleTimeout))
	case c.DrainTimeout < 0 || c.DrainTimeout > maxDrain:
		return usageError(fmt.Sprintf("--drain-timeout=%v: must be within 0s and %v", c.DrainTimeout, maxDrain))
	case len(c.Listen) == 0:
		return usageError("--listen: at least one address is needed")
	case strings.HasPrefix(c.KeyPrefix, "__redlock:"):
		return usageError(fmt.Sprintf("--key-prefix=%s: __redlock: is for the proxies' own keys", c.KeyPrefix))
	case len(c.KeyPrefix) > redlock.MaxResource:
		return usageError(fmt.Sprintf("--key-prefix: %d bytes, at most %d are allowed", len(c.KeyPrefix), redlock.MaxResource))
	}
	return c.validateListen()
}

func (c *config) validateListen() error {
	for _, address := range c.Listen {
		if path, isUnix := strings.CutPrefix(address, "unix://"); isUnix {
			if !strings.HasPrefix(path, "/") {
				return usageError(fmt.Sprintf("--listen=%s: write unix:///path with three slashes", address))
			}
			continue
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return usageError(fmt.Sprintf("--listen=%s: write host:port or unix:///path", address))
		}
		if !loopback(host) && c.Requirepass == "" && c.ProtectedMode == "yes" {
			return usageError(fmt.Sprintf("--listen=%s: anybody who reaches this address could take and release locks; set --requirepass, or --protected-mode=no if the network keeps strangers out", address))
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// nodes reads the node urls. The sentences do not repeat them whole: they may
// hold passwords.
func (c *config) nodes() ([]redlock.Node, error) {
	var nodes []redlock.Node
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
		nodes = append(nodes, n)
	}
	return nodes, nil
}

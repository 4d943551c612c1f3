package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// config are the flags of serve. This file is the only reader of flags; each
// is also REDLOCK_… in the environment and a name in the file of --config.
type config struct {
	Listen                []string      `help:"Where clients connect: host:port or unix:///path (repeatable)." default:"127.0.0.1:7379" sep:" " placeholder:"ADDR"`
	Node                  []string      `help:"One independent Redis master: redis://[user:pass@]host:port[/db], rediss://... or unix://... (repeatable; 3 or 5 of them). Without any, five nodes are embedded in the process." sep:" " placeholder:"URL"`
	KeyPrefix             string        `help:"Put before every lock key on the nodes." placeholder:"PREFIX"`
	DriftFactor           float64       `help:"Share of a ttl given up for clock drift." default:"0.01"`
	RetryCount            int           `help:"How often a LOCK that says neither BLOCK nor RETRY tries again when another holds the lock; 0 is not to wait, as most clients give up on a reply after a while and send again." default:"0"`
	RetryDelay            time.Duration `help:"How long a LOCK that waits goes without asking the nodes when nothing tells it of a release." default:"200ms"`
	RetryJitter           time.Duration `help:"Up to so much is added to or taken from --retry-delay at random." default:"200ms"`
	MaxBlock              time.Duration `help:"Longest wait of a LOCK; longer ones end with null." default:"4s"`
	MaxWaiters            int           `help:"Most LOCKs that wait at once." default:"65536"`
	MaxWaitersPerResource int           `help:"Most LOCKs that wait at once for one resource." default:"16384"`
	MaxTTL                time.Duration `help:"Longest ttl a client may ask for; also how long a node that may have forgotten locks casts no votes. The same for all proxies" default:"5m" name:"max-ttl"`
	FirstStart            string        `help:"What to do with nodes that have never been used: auto uses them at once when all answer and none has been used before; wait lets --max-ttl pass first, for clients that outlive all nodes and proxies; force lets every node vote at once, whatever it may have forgotten." default:"auto" enum:"auto,wait,force"`
	MaxHold               time.Duration `help:"Longest that AUTOEXTEND keeps a lock." default:"1h"`
	MaxHolds              int           `help:"Most locks that are kept with AUTOEXTEND at once." default:"65536"`
	NodeTimeout           time.Duration `help:"How long one node may take for one request." default:"250ms"`
	MaxClients            int           `help:"Most connections at once." default:"10000"`
	IdleTimeout           time.Duration `help:"End connections that ask for nothing for so long; 0 is never." default:"0s"`
	DrainTimeout          time.Duration `help:"How long clients may still release and extend after SIGTERM." default:"5s"`
	Requirepass           string        `help:"Password that clients must give. Better in REDLOCK_REQUIREPASS than on the command line, which others can read." placeholder:"PASSWORD"`
	Aclfile               string        `help:"File of users in Redis' ACL syntax; read again at ACL LOAD and SIGHUP." placeholder:"FILE"`
	TLSCert               string        `help:"PEM certificate chain. With it and its key the host:port listeners speak TLS only; read again at SIGHUP." name:"tls-cert" placeholder:"FILE"`
	TLSKey                string        `help:"PEM key of --tls-cert." name:"tls-key" placeholder:"FILE"`
	TLSCA                 string        `help:"PEM certificates: only clients with a certificate from one of these may connect." name:"tls-ca" placeholder:"FILE"`
	NodeTLSCA             string        `help:"PEM certificates that vouch for the nodes of rediss:// urls, instead of those of the system." name:"node-tls-ca" placeholder:"FILE"`
	NodeTLSCert           string        `help:"PEM certificate chain to show to the nodes of rediss:// urls." name:"node-tls-cert" placeholder:"FILE"`
	NodeTLSKey            string        `help:"PEM key of --node-tls-cert." name:"node-tls-key" placeholder:"FILE"`
	ProtectedMode         string        `help:"Refuse to listen beyond this machine without a password, users or client certificates: yes or no." default:"yes" enum:"yes,no"`
	LogLevel              string        `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	LogFormat             string        `help:"text or json." default:"text" enum:"text,json"`
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
	case c.RetryCount < 0:
		return usageError(fmt.Sprintf("--retry-count=%d: must not be negative", c.RetryCount))
	case c.RetryDelay < 10*time.Millisecond || c.RetryDelay > time.Minute:
		return usageError(fmt.Sprintf("--retry-delay=%v: must be within 10ms and 1m", c.RetryDelay))
	case c.RetryJitter < 0 || c.RetryJitter > time.Minute:
		return usageError(fmt.Sprintf("--retry-jitter=%v: must be within 0s and 1m", c.RetryJitter))
	case c.MaxBlock < time.Millisecond || c.MaxBlock > 24*time.Hour:
		return usageError(fmt.Sprintf("--max-block=%v: must be within 1ms and 24h", c.MaxBlock))
	case c.MaxWaiters < 1:
		return usageError(fmt.Sprintf("--max-waiters=%d: must be at least 1", c.MaxWaiters))
	case c.MaxWaitersPerResource < 1:
		return usageError(fmt.Sprintf("--max-waiters-per-resource=%d: must be at least 1", c.MaxWaitersPerResource))
	case c.MaxHold < 10*time.Millisecond || c.MaxHold > 365*24*time.Hour:
		return usageError(fmt.Sprintf("--max-hold=%v: must be within 10ms and 8760h", c.MaxHold))
	case c.MaxHolds < 1:
		return usageError(fmt.Sprintf("--max-holds=%d: must be at least 1", c.MaxHolds))
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
	if err := c.validateAccess(); err != nil {
		return err
	}
	return c.validateListen()
}

// validateAccess checks the flags that say who may come in.
func (c *config) validateAccess() error {
	switch {
	case c.Requirepass != "" && c.Aclfile != "":
		return usageError("--requirepass and --aclfile: use one; the password can be that of the user default in the file")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return usageError("--tls-cert and --tls-key: one is of no use without the other")
	case c.TLSCA != "" && c.TLSCert == "":
		return usageError("--tls-ca: of no use without --tls-cert and --tls-key")
	case (c.NodeTLSCert == "") != (c.NodeTLSKey == ""):
		return usageError("--node-tls-cert and --node-tls-key: one is of no use without the other")
	}
	return nil
}

func (c *config) validateListen() error {
	for _, address := range c.Listen {
		if path, isUnix := strings.CutPrefix(address, "unix://"); isUnix {
			if !strings.HasPrefix(path, "/") {
				return usageError(fmt.Sprintf("--listen=%s: write unix:///path with three slashes", address))
			}
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return usageError(fmt.Sprintf("--listen=%s: write host:port or unix:///path", address))
		}
	}
	if address := c.exposed(); address != "" && c.Requirepass == "" && c.Aclfile == "" {
		return usageError(fmt.Sprintf("--listen=%s: anybody who reaches this address could take and release locks; set --requirepass, --aclfile or --tls-ca, or --protected-mode=no if the network keeps strangers out", address))
	}
	return nil
}

// exposed gives an address that strangers may reach, when it matters to
// protected mode: not with client certificates, which strangers do not have.
func (c *config) exposed() string {
	if c.ProtectedMode == "no" || c.TLSCA != "" {
		return ""
	}
	for _, address := range c.Listen {
		host, _, err := net.SplitHostPort(address)
		if err == nil && !strings.HasPrefix(address, "unix://") && !loopback(host) {
			return address
		}
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// nodes reads the node urls. The sentences do not repeat them whole: they may
// hold passwords.
func (c *config) nodes() ([]redlock.Node, error) {
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

package main

import (
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"
)

// config are the flags of serve. This file is the only reader of flags; each
// is also REDLOCK_… in the environment and a name in the file of --config.
type config struct {
	Listen                []string `help:"Where clients connect: host:port or unix:///path (repeatable)." default:"127.0.0.1:7379" sep:" " placeholder:"ADDR" group:"Clients"`
	UnixSocketMode        string   `help:"Permissions of the unix:// listeners, in octal: who may write may lock." default:"0700" placeholder:"MODE" group:"Clients"`
	quorumConfig          `embed:"" group:"Nodes" set:"without_nodes= Without any, five nodes are embedded in the process."`
	RetryCount            int           `help:"How often a LOCK that says neither BLOCK nor RETRY tries again when another holds the lock; 0 is not to wait, as most clients give up on a reply after a while and send again." default:"0" group:"Waiting"`
	RetryDelay            time.Duration `help:"How long a LOCK that waits goes without asking the nodes when nothing tells it of a release." default:"200ms" group:"Waiting"`
	RetryJitter           time.Duration `help:"Up to so much is added to or taken from --retry-delay at random." default:"200ms" group:"Waiting"`
	MaxBlock              time.Duration `help:"Longest wait of a LOCK; longer ones end with null." default:"4s" group:"Waiting"`
	MaxWaiters            int           `help:"Most LOCKs that wait at once." default:"65536" group:"Waiting"`
	MaxWaitersPerResource int           `help:"Most LOCKs that wait at once for one resource." default:"16384" group:"Waiting"`
	FirstStart            string        `help:"What to do with nodes that have never been used: auto uses them at once when all answer and none has been used before; wait lets --max-ttl pass first, for clients that outlive all nodes and proxies; force lets every node vote at once, whatever it may have forgotten." default:"auto" enum:"auto,wait,force" group:"Nodes"`
	MaxHold               time.Duration `help:"Longest that AUTOEXTEND keeps a lock." default:"1h" group:"Clients"`
	MaxHolds              int           `help:"Most locks that are kept with AUTOEXTEND at once." default:"65536" group:"Clients"`
	MaxClients            int           `help:"Most connections at once." default:"10000" group:"Clients"`
	IdleTimeout           time.Duration `help:"End connections that ask for nothing for so long; 0 is never." default:"0s" group:"Clients"`
	DrainTimeout          time.Duration `help:"How long clients may still release and extend after SIGTERM." default:"5s" group:"Clients"`
	Requirepass           string        `help:"Password that clients must give. Better in REDLOCK_REQUIREPASS than on the command line, which others can read." placeholder:"PASSWORD" secret:"" group:"Access"`
	Aclfile               string        `help:"File of users in Redis' ACL syntax; read again at ACL LOAD and SIGHUP." placeholder:"FILE" group:"Access"`
	TLSCert               string        `help:"PEM certificate chain. With it and its key the host:port listeners speak TLS only; read again at SIGHUP." name:"tls-cert" placeholder:"FILE" group:"Access"`
	TLSKey                string        `help:"PEM key of --tls-cert." name:"tls-key" placeholder:"FILE" group:"Access"`
	TLSCA                 string        `help:"PEM certificates: only clients with a certificate from one of these may connect." name:"tls-ca" placeholder:"FILE" group:"Access"`
	ProtectedMode         string        `help:"Refuse to listen beyond this machine without a password, users or client certificates: yes or no." default:"yes" enum:"yes,no" group:"Access"`
	Admin                 string        `help:"Where a page for people (/), /metrics, /healthz and /readyz are served over HTTP: host:port or unix:///path. Beyond this machine only with --admin-password." placeholder:"ADDR" group:"Admin"`
	AdminPassword         string        `help:"Password that / and /metrics ask for, with any user name. Better in REDLOCK_ADMIN_PASSWORD than on the command line." placeholder:"PASSWORD" secret:"" group:"Admin"`
	LogLevel              string        `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error" group:"Log"`
	LogFormat             string        `help:"text or json." default:"text" enum:"text,json" group:"Log"`
}

// maxDrain keeps a drain from holding up a shutdown for ever.
const maxDrain = 10 * time.Minute

// validate checks what a single flag's type does not say. Each sentence names
// the flag and its value.
func (c *config) validate() error {
	if err := c.validateQuorum(); err != nil {
		return err
	}
	switch {
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
	case c.MaxClients < 1 || c.MaxClients > 1_000_000:
		return usageError(fmt.Sprintf("--max-clients=%d: must be within 1 and 1000000", c.MaxClients))
	case c.IdleTimeout != 0 && c.IdleTimeout < time.Second:
		return usageError(fmt.Sprintf("--idle-timeout=%v: must be 0s, which is never, or at least 1s", c.IdleTimeout))
	case c.DrainTimeout < 0 || c.DrainTimeout > maxDrain:
		return usageError(fmt.Sprintf("--drain-timeout=%v: must be within 0s and %v", c.DrainTimeout, maxDrain))
	case c.unixSocketMode() == 0:
		return usageError(fmt.Sprintf("--unix-socket-mode=%s: must be octal permissions such as 0700, 0770 or 0777, with which the proxy's own user may write", c.UnixSocketMode))
	case len(c.Listen) == 0:
		return usageError("--listen: at least one address is needed")
	}
	if err := c.validateAccess(); err != nil {
		return err
	}
	if err := c.validateAdmin(); err != nil {
		return err
	}
	return c.validateListen()
}

// unixSocketMode gives the permissions, or 0 when they make no sense.
func (c *config) unixSocketMode() fs.FileMode {
	mode, err := strconv.ParseUint(c.UnixSocketMode, 8, 32)
	if err != nil || mode > 0o777 || mode&0o200 == 0 {
		return 0
	}
	return fs.FileMode(mode)
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

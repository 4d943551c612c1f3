package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/holding"
)

// proxyConfig are the flags of a subcommand that talks to running proxies.
type proxyConfig struct {
	Addr        []string `help:"A proxy: host:port, unix:///path, or with a login redis://user:pass@host:port, rediss://... for TLS, unix://user:pass@/path (repeatable: when one fails, the next is asked)." default:"127.0.0.1:7379" sep:" " placeholder:"ADDR"`
	Password    string   `help:"Password for the proxies of --addr whose url has none. Better in REDLOCK_PASSWORD or the file of --config than on the command line, which others can read." placeholder:"PASSWORD" secret:""`
	AddrTLSCA   string   `help:"PEM certificates that vouch for the proxies of rediss:// urls, instead of those of the system." name:"addr-tls-ca" placeholder:"FILE"`
	AddrTLSCert string   `help:"PEM certificate chain to show to the proxies of rediss:// urls." name:"addr-tls-cert" placeholder:"FILE"`
	AddrTLSKey  string   `help:"PEM key of --addr-tls-cert." name:"addr-tls-key" placeholder:"FILE"`
}

// proxies reads the addresses. The sentences do not repeat them whole: they may
// hold passwords.
func (c *proxyConfig) proxies() ([]holding.Proxy, error) {
	var all []holding.Proxy
	var secured []*tls.Config
	for i, address := range c.Addr {
		o, err := parseProxy(address)
		if err != nil {
			return nil, usageError(fmt.Sprintf("--addr number %d: write host:port, unix:///path, or a url of the form redis://[user:pass@]host:port, rediss://... or unix://[user:pass@]/path", i+1))
		}
		if o.Password == "" {
			o.Password = c.Password
		}
		if o.TLSConfig != nil {
			secured = append(secured, o.TLSConfig)
		}
		all = append(all, holding.Proxy{Name: o.Addr, Options: o})
	}
	if len(all) == 0 {
		return nil, usageError("--addr: at least one proxy is needed")
	}
	if (c.AddrTLSCert == "") != (c.AddrTLSKey == "") {
		return nil, usageError("--addr-tls-cert and --addr-tls-key: one is of no use without the other")
	}
	return all, secure("addr", tlsFiles{CA: c.AddrTLSCA, Cert: c.AddrTLSCert, Key: c.AddrTLSKey}, secured)
}

func parseProxy(address string) (*redis.Options, error) {
	if strings.Contains(address, "://") {
		return redis.ParseURL(address)
	}
	if _, port, err := net.SplitHostPort(address); err != nil {
		return nil, err
	} else if port == "" || strings.Contains(address, "@") {
		return nil, fmt.Errorf("not host:port")
	}
	return &redis.Options{Addr: address}, nil
}

package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/redlock"
)

// login is how we come in at a node: with a user and a password, and for a
// rediss:// url with certificates.
type login struct {
	user, password string
	tls            *tls.Config // nil: no TLS
}

func loginOf(n redlock.Node) *login {
	return &login{n.Options.Username, n.Options.Password, n.Options.TLSConfig}
}

// logins are those of the nodes, in their order. They can be changed while the
// connections are open, and count for those that are made from then on.
type logins []atomic.Pointer[login]

// takeLogins makes the nodes ask for their logins each time.
func takeLogins(nodes []redlock.Node) logins {
	all := make(logins, len(nodes))
	for i, n := range nodes {
		o, l := n.Options, &all[i]
		l.Store(loginOf(n))
		o.Username, o.Password = "", ""
		o.CredentialsProvider = func() (string, string) {
			now := l.Load()
			return now.user, now.password
		}
		if o.TLSConfig != nil {
			o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				return dialTLS(ctx, network, addr, l.Load().tls)
			}
		}
	}
	return all
}

// dialTLS is what go-redis does by itself, but for always having the same
// certificates. ctx bounds all of it.
func dialTLS(ctx context.Context, network, addr string, secure *tls.Config) (net.Conn, error) {
	plain, err := redis.NewDialer(&redis.Options{})(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := tls.Client(plain, secure)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, err
	}
	return c, nil
}

// set takes the logins of nodes that are the same but for them.
func (l logins) set(nodes []redlock.Node) {
	for i, n := range nodes {
		l[i].Store(loginOf(n))
	}
}

// sameNodes tells whether urls differ at most in their logins.
func sameNodes(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool { return withoutLogin(x) == withoutLogin(y) })
}

func withoutLogin(node string) string {
	u, err := url.Parse(node)
	if err != nil {
		return node
	}
	u.User = nil
	return u.String()
}

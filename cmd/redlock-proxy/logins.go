package main

import (
	"net/url"
	"slices"
	"sync/atomic"

	"redlock-proxy/redlock"
)

// login is a user and a password at a node.
type login struct{ user, password string }

// logins are those of the nodes, in their order. They can be changed while the
// connections are open, and count for those that are made from then on.
type logins []atomic.Pointer[login]

// takeLogins makes the nodes ask for their logins each time.
func takeLogins(nodes []redlock.Node) logins {
	all := make(logins, len(nodes))
	for i, n := range nodes {
		o, l := n.Options, &all[i]
		l.Store(&login{o.Username, o.Password})
		o.Username, o.Password = "", ""
		o.CredentialsProvider = func() (string, string) {
			now := l.Load()
			return now.user, now.password
		}
	}
	return all
}

// set takes the logins of nodes that are the same but for them.
func (l logins) set(nodes []redlock.Node) {
	for i, n := range nodes {
		l[i].Store(&login{n.Options.Username, n.Options.Password})
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

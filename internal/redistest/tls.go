package redistest

import (
	"strconv"
	"testing"
)

// StartTLS launches n servers as Start does that speak TLS besides, with
// certificates of a, and ask their clients for one of it. It returns the
// addresses for TLS too.
func StartTLS(t testing.TB, n int, a *Authority) (servers []*Server, addrs []string) {
	t.Helper()
	cert, key := a.Issue(t, "redis")
	for range n {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, Start(t, 1,
			"--tls-port", strconv.Itoa(port), "--tls-auth-clients", "yes",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", a.File)...)
		addrs = append(addrs, loopback(port))
	}
	return servers, addrs
}

package redistest

import (
	"errors"
	"os"
	"testing"
)

// Start launches n servers that end with the test; see Launch for args. Without
// a redis-server the test is skipped, except where CI=true says that nothing may
// be skipped: there it fails.
func Start(t testing.TB, n int, args ...string) []*Server {
	t.Helper()
	servers := make([]*Server, n)
	for i := range servers {
		s, err := Launch(t.TempDir(), args...)
		if errors.Is(err, ErrNoRedis) && os.Getenv("CI") != "true" {
			t.Skipf("this test needs a real Redis: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		servers[i] = s
	}
	return servers
}

// StartWire makes a Wire to upstream that is closed with the test.
func StartWire(t testing.TB, upstream string) *Wire {
	t.Helper()
	w, err := NewWire(upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

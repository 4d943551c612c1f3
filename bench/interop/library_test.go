package interop

import (
	"context"
	"errors"
	"testing"
	"time"
)

// library is another implementation of Redlock. It keeps what it holds by
// resource. Its errors are errRefused when a majority of the nodes said no, and
// any other when something did not work.
type library interface {
	// lock tries once, and gives the value by which the nodes know the lock.
	lock(ctx context.Context, resource string, ttl time.Duration) (value string, err error)
	extend(ctx context.Context, resource string, ttl time.Duration) error
	unlock(ctx context.Context, resource string) error
}

var errRefused = errors.New("refused by a majority")

// libraries are opened with the addresses of their nodes, and closed with the
// test.
func libraries() map[string]func(t *testing.T, nodes []string) library {
	return map[string]func(t *testing.T, nodes []string) library{
		"redsync":                   openRedsync,
		"node-redlock 4.2.0":        nodeRedlock("redlock4"),
		"node-redlock 5.0.0-beta.2": nodeRedlock("redlock5"),
	}
}

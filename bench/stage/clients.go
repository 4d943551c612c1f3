package stage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/redis/rueidis"
)

// Dial opens a connection for one caller, by redigo: a client that does nothing
// but write a command and read its reply.
func Dial(ctx context.Context, address string) (redis.Conn, error) {
	return redis.DialContext(ctx, "tcp", address,
		redis.DialConnectTimeout(patience), redis.DialReadTimeout(patience), redis.DialWriteTimeout(patience))
}

// DialShared opens one connection for all callers, by rueidis, which puts what
// they send at the same time into one pipeline.
func DialShared(address string) (rueidis.Client, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{address},
		ForceSingleClient: true,
		PipelineMultiplex: -1, // one connection; 0 would mean more on more cores
		DisableCache:      true,
		DisableRetry:      true, // what fails is to be seen
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the proxy: %w", err)
	}
	return client, nil
}

// Await returns when exactly so many clients are connected to the proxy, so
// that a peer's claim about its connections is checked by the other side. Those
// of the peer before may take a moment to go.
func (p *Proxy) Await(ctx context.Context, clients int) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; {
		info, err := redis.String(p.asking.Do("INFO", "clients"))
		if err != nil {
			return fmt.Errorf("ask the proxy for its clients: %w", err)
		}
		got := field(info, "connected_clients")
		if got == strconv.Itoa(clients+1) { // and the one that asks
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the proxy has %s clients, want %d and the one that asks", got, clients)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// field reads a line of INFO.
func field(info, name string) string {
	_, rest, _ := strings.Cut(info, name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

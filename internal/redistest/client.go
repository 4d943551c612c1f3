package redistest

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// newClient returns a client whose answers can be trusted in a test.
func newClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr,
		// A request sent twice hides the fault a test is about.
		MaxRetries:    -1,
		DialerRetries: 1,
		// Long enough for a machine that is busy with other tests.
		DialTimeout:           time.Second,
		ReadTimeout:           time.Second,
		WriteTimeout:          time.Second,
		ContextTimeoutEnabled: true,
		// After as many failed dials as the pool is large, the pool refuses for a
		// second without dialling: a server that was just restarted would seem
		// dead. The connections are made on demand, so a large pool costs nothing.
		PoolSize: 1000,
		// The handshake is HELLO alone, so that Commands counts little that the
		// test did not send.
		DisableIdentity:          true,
		PipelinePoolSize:         -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

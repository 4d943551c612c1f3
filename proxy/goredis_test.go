package proxy_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A mainstream client with its default options: HELLO, CLIENT SETINFO and
// MAINT_NOTIFICATIONS, a pool, pipelines.
func TestGoRedisWorksWithItsDefaults(t *testing.T) {
	t.Parallel()
	for _, proto := range []int{2, 3} {
		for _, pass := range []string{"", password} {
			f := start(t, setup{password: pass})
			r := redis.NewClient(&redis.Options{Addr: f.addr.String(), Protocol: proto, Password: pass, ClientName: "worker"})
			useGoRedis(t, r)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			f.wantClients(0)
			f.wantNoKeys()
		}
	}
}

func useGoRedis(t *testing.T, r *redis.Client) {
	ctx := t.Context()
	grant, err := r.Do(ctx, "LOCK", "jobs:42", 10000, "TOKEN", "tok-1").Slice()
	if err != nil || len(grant) != 2 || grant[0] != "tok-1" {
		t.Fatalf("LOCK: got %v, %v", grant, err)
	}
	if v, _ := grant[1].(int64); v < 1 || v > 9898 {
		t.Errorf("the validity is %v, want 1 to 9898", grant[1])
	}
	if v, err := r.Do(ctx, "LOCK", "jobs:42", 10000).Result(); !errors.Is(err, redis.Nil) {
		t.Errorf("LOCK of what is held: got %v, %v, want redis.Nil", v, err)
	}
	if v, err := r.Do(ctx, "EXTEND", "jobs:42", "tok-1", 20000).Int(); err != nil || v < 10000 {
		t.Errorf("EXTEND: got %d, %v", v, err)
	}
	if _, err := r.Do(ctx, "LOCK", "jobs:42", 0).Result(); err == nil || err.Error() != "ERR invalid expire time in 'lock' command" {
		t.Errorf("LOCK without a ttl: got %v", err)
	}
	p := r.Pipeline()
	unlock := p.Do(ctx, "UNLOCK", "jobs:42", "tok-1")
	again := p.Do(ctx, "TRYLOCK", "jobs:42", 10000, "TOKEN", "tok-2")
	over := p.Do(ctx, "UNLOCK", "jobs:42", "tok-2")
	if _, err := p.Exec(ctx); err != nil {
		t.Errorf("a pipeline: %v", err)
	}
	got := []any{unlock.Val(), len(again.Val().([]any)), over.Val()}
	if want := []any{int64(1), 2, int64(1)}; !slices.Equal(got, want) {
		t.Errorf("a pipeline: got %v, want %v", got, want)
	}
	for what, err := range map[string]error{
		"PING":   r.Ping(ctx).Err(),
		"ECHO":   r.Echo(ctx, "x").Err(),
		"INFO":   r.Info(ctx, "server").Err(),
		"ID":     r.ClientID(ctx).Err(),
		"SELECT": r.Do(ctx, "SELECT", 0).Err(),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if name, err := r.ClientGetName(ctx).Result(); err != nil || name != "worker" {
		t.Errorf("the name is %q, %v", name, err)
	}
}

func TestGoRedisSharesOneClientAmongManyCallers(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	r := redis.NewClient(&redis.Options{Addr: f.addr.String()})
	defer r.Close()
	const callers, locks = 16, 5
	holding, done := make(chan struct{}, 1), make(chan int, callers)
	for range callers {
		go func() {
			granted := 0
			for limit := time.Now().Add(patience); granted < locks && time.Now().Before(limit); {
				grant, err := r.Do(t.Context(), "LOCK", "one", 60000).Slice()
				if errors.Is(err, redis.Nil) {
					continue
				}
				if err != nil {
					t.Error(err)
					break
				}
				select {
				case holding <- struct{}{}:
				default:
					t.Error("two hold the same lock")
				}
				granted++
				<-holding
				if n, err := r.Do(t.Context(), "UNLOCK", "one", grant[0]).Int(); n != 1 || err != nil {
					t.Errorf("UNLOCK: got %d, %v", n, err)
				}
			}
			done <- granted
		}()
	}
	for range callers {
		if n := within(t, "the end of a caller", done); n != locks {
			t.Errorf("a caller was granted %d locks, want %d", n, locks)
		}
	}
}

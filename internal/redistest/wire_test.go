package redistest

import (
	"strings"
	"sync"
	"testing"
)

func TestWireForwardsBothWays(t *testing.T) {
	s := Start(t, 1)[0]
	client := newClient(StartWire(t, s.Addr()).Addr())
	defer client.Close()
	value := strings.Repeat("v", 4*maxQueued) // more than the wire may hold
	if err := client.Set(t.Context(), "k", value, 0).Err(); err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(t.Context(), "k").Result()
	if err != nil || got != value {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(value))
	}
}

func TestWirePassesOnThatOneSideHangsUp(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	c := dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
	s.Kill()
	c.wantGone()
	if err := s.RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	c = dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the link ends with its client", func() bool { return links(w) == 0 })
}

func TestWireToNowhereHangsUp(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	s.Kill()
	dialRaw(t, w.Addr()).wantGone()
}

func TestCutEndsOpenConnectionsOnly(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	old := dialRaw(t, w.Addr())
	old.send("PING")
	old.want("+PONG")
	w.Cut()
	if n := links(w); n != 0 {
		t.Errorf("%d links left", n)
	}
	old.wantGone()
	c := dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
}

func TestWireIsSafeForConcurrentUse(t *testing.T) {
	s := Start(t, 1)[0]
	w := StartWire(t, s.Addr())
	client := newClient(w.Addr())
	defer client.Close()
	var wg sync.WaitGroup
	for _, toggle := range []func(on bool){w.LoseReplies, w.HoldRequests, w.BlackHole, w.Refuse} {
		wg.Go(func() {
			for i := range 10 {
				toggle(i%2 == 0)
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			w.Cut()
		}
	})
	for range 4 {
		wg.Go(func() { _ = client.Ping(short(t)).Err() })
	}
	wg.Wait()
	c := dialRaw(t, w.Addr())
	c.send("PING")
	c.want("+PONG")
	for range 2 {
		wg.Go(w.Close)
	}
	wg.Wait()
	c.wantGone()
}

// links counts the connections inside the wire.
func links(w *Wire) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.links)
}

// queued counts the chunks inside the wire.
func queued(w *Wire) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for l := range w.links {
		l.queue.mu.Lock()
		n += len(l.queue.chunks)
		l.queue.mu.Unlock()
	}
	return n
}

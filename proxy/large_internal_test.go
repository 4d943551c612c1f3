package proxy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redlock-proxy/commands"
)

func TestLargeRepliesShareARoom(t *testing.T) {
	t.Parallel()
	var r largeRoom
	small, taken := &slot{}, []*slot{}
	for {
		s := &slot{}
		if !r.take(s, 1<<20) {
			break
		}
		taken = append(taken, s)
	}
	if len(taken) != maxLarge>>20 {
		t.Errorf("%d replies of 1 MiB found room, want %d", len(taken), maxLarge>>20)
	}
	if !r.take(small, largeReply-1) || small.large != 0 {
		t.Error("a small reply needs room")
	}
	for _, s := range taken {
		r.giveBack(s.large)
	}
	if used := r.used.Load(); used != 0 {
		t.Errorf("%d bytes are not given back", used)
	}
}

// What a client does not read counts, and is given back when it reads or goes.
func TestUnreadRepliesCountUntilTheyAreSentOrLost(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	table := &commands.Table{Logger: log}
	if err := table.Prepare(); err != nil {
		t.Fatal(err)
	}
	s := New(t.Context(), Options{Table: table, Logger: log})
	table.Front = s
	l, err := Listen(t.Context(), "unix://"+filepath.Join(t.TempDir(), "s"), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l, nil); err != nil {
		t.Fatal(err)
	}
	defer func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(now)
	}()
	await := func(what string, isSo func(used int64) bool) {
		t.Helper()
		for limit := time.Now().Add(20 * time.Second); !isSo(s.large.used.Load()); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("%s: %d bytes", what, s.large.used.Load())
			}
		}
	}
	for name, leave := range map[string]func(net.Conn){
		"goes":  func(c net.Conn) { _ = c.Close() },
		"reads": func(c net.Conn) { go func() { _, _ = io.Copy(io.Discard, c) }() },
	} {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, strings.Repeat("COMMAND DOCS\r\n", 30)); err != nil {
			t.Fatal(err)
		}
		await("what a client does not read", func(used int64) bool { return used > maxUnsent/2 })
		leave(c)
		await("after a client "+name, func(used int64) bool { return used == 0 })
	}
}

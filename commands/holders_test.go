package commands

import (
	"fmt"
	"testing"
	"time"

	"redlock-proxy/redlock"
)

func granted(h *holders, resource string, mark uint64, ttl time.Duration) {
	h.granted(&Session{ID: 7, Addr: "127.0.0.1:1"}, mark, redlock.Grant{Resource: resource, Until: time.Now().Add(ttl)})
}

// TestHoldersAreBounded, and what is over goes first.
func TestHoldersAreBounded(t *testing.T) {
	t.Parallel()
	h := newHolders(time.Now())
	count := func() (all int) {
		for i := range h.shards {
			all += len(h.shards[i].held)
		}
		return all
	}
	for i := range 2 * mostHolders {
		granted(h, fmt.Sprint("over:", i), 1, -time.Second)
	}
	if n := count(); n > mostHolders {
		t.Errorf("%d are remembered, want at most %d", n, mostHolders)
	}
	for i := range mostHolders / 2 {
		granted(h, fmt.Sprint("held:", i), 1, time.Minute)
	}
	known := 0
	for i := range mostHolders / 2 {
		if _, _, is := h.find(fmt.Sprint("held:", i), 1, time.Now()); is {
			known++
		}
	}
	// Few are pushed out, where all that are looked at hold by chance.
	if known < mostHolders*45/100 {
		t.Errorf("of %d that hold %d are known, though there is room", mostHolders/2, known)
	}
	if _, _, is := h.find("over:1", 1, time.Now()); is {
		t.Error("one that is over is found")
	}
}

// TestHoldersGoByTheToken: a resource that has another holder is not the first's.
func TestHoldersGoByTheToken(t *testing.T) {
	t.Parallel()
	h := newHolders(time.Now())
	granted(h, "a", 1, time.Minute)
	h.released("a", 2)
	h.extended(2, redlock.Grant{Resource: "a", Until: time.Now().Add(time.Hour)})
	if _, _, is := h.find("a", 2, time.Now()); is {
		t.Error("another token is found")
	}
	if one, _, is := h.find("a", 1, time.Now()); !is || one.id != 7 || one.until > 2*time.Minute {
		t.Errorf("%+v, %v", one, is)
	}
	h.extended(1, redlock.Grant{Resource: "a", Until: time.Now().Add(time.Hour)})
	if one, _, _ := h.find("a", 1, time.Now()); one.until < 2*time.Minute {
		t.Errorf("not extended: %+v", one)
	}
	h.released("a", 1)
	if _, _, is := h.find("a", 1, time.Now()); is {
		t.Error("one that was released is found")
	}
}

// BenchmarkHolders is what a pair of LOCK and UNLOCK costs here.
func BenchmarkHolders(b *testing.B) {
	h := newHolders(time.Now())
	s := &Session{ID: 7, Addr: "127.0.0.1:1"}
	g := redlock.Grant{Resource: "resource-1", Until: time.Now().Add(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		h.granted(s, 1, g)
		h.released(g.Resource, 1)
	}
}

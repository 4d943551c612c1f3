package redistest

import (
	"fmt"
	"slices"
	"testing"
)

func TestKeysReturnsAll(t *testing.T) {
	s := Start(t, 1)[0]
	var want []string
	pipe := s.Client().Pipeline()
	for i := range 2500 { // several SCAN batches
		key := fmt.Sprintf("k%04d", i)
		want = append(want, key)
		pipe.Set(t.Context(), key, "", 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Keys(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d keys, %v; want %d", len(got), err, len(want))
	}
}

func TestCommandsCountsCalls(t *testing.T) {
	s := Start(t, 1)[0]
	for range 3 {
		if err := s.Client().Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Client().ConfigGet(t.Context(), "port").Err(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Commands(t.Context())
	if err != nil || got["set"] != 3 || got["config|get"] != 1 || got["get"] != 0 {
		t.Errorf("got %v, %v; want 3 set, 1 config|get, 0 get", got, err)
	}
}

func TestInspectingADeadServerFails(t *testing.T) {
	s := Start(t, 1)[0]
	s.Kill()
	if _, err := s.Keys(t.Context()); err == nil {
		t.Error("Keys: want an error")
	}
	if _, err := s.Commands(t.Context()); err == nil {
		t.Error("Commands: want an error")
	}
}

func TestParseCommandStatsRefusesWhatItDoesNotKnow(t *testing.T) {
	if got, err := parseCommandStats("# Commandstats\r\ncmdstat_set:usec=1\r\n"); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}

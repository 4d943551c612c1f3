package main

import (
	"slices"
	"testing"
)

func TestParseNode(t *testing.T) {
	r, err := parseNode([]byte("got 3 1000000 2000000 3000000\ncutoff 1 4000000 9000000\nfailed no way\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []wait{at(3, 1, 2, 3), cutOff(at(1, 4, 9, 0))}; !slices.Equal(r.waits, want) {
		t.Errorf("got %v, want %v", r.waits, want)
	}
	if r.failures != 1 || r.first.Error() != "no way" {
		t.Errorf("got %d failures, the first: %v; want 1: no way", r.failures, r.first)
	}
	for _, line := range []string{"got 3 1 2", "cutoff x 1 2", "hello"} {
		if _, err := parseNode([]byte(line)); err == nil {
			t.Errorf("%q: got no error", line)
		}
	}
}

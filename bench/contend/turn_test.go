package main

import (
	"testing"
	"time"

	"redlock-proxy/bench/stage"
)

// at makes a wait of whole milliseconds.
func at(contender, asked, granted, released int) wait {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return wait{contender: contender, asked: ms(asked), granted: ms(granted), released: ms(released)}
}

func cutOff(w wait) wait {
	w.cutOff = true
	return w
}

// tenth is a turn that measures from 100 to 200 ms.
func tenth() turn {
	return turn{
		stage:      &stage.Stage{Proxies: make([]*stage.Proxy, 2)},
		contenders: 3, warmUp: 100 * time.Millisecond, time: 100 * time.Millisecond,
	}
}

func TestExclusive(t *testing.T) {
	for _, tt := range []struct {
		name   string
		waits  []wait
		broken bool
	}{
		{"one after the other", []wait{at(0, 0, 1, 3), at(1, 0, 4, 5), at(0, 3, 6, 7)}, false},
		{"at the same moment", []wait{at(1, 0, 3, 5), at(0, 0, 1, 3)}, false},
		{"an overlap", []wait{at(0, 0, 1, 4), at(1, 0, 3, 5)}, true},
		{"within another's", []wait{at(1, 0, 3, 4), at(0, 0, 1, 9)}, true},
		{"nobody waits for ever", []wait{at(0, 0, 1, 4), cutOff(at(1, 0, 3, 0))}, false},
	} {
		if err := exclusive(tt.waits); (err != nil) != tt.broken {
			t.Errorf("%s: got %v, want broken: %v", tt.name, err, tt.broken)
		}
	}
}

func TestOvertakings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		waits []wait
		want  int
	}{
		{"in order", []wait{at(0, 100, 120, 130), at(2, 105, 140, 150), at(4, 110, 160, 170)}, 0},
		{"the last one first", []wait{at(4, 110, 120, 130), at(0, 100, 140, 150), at(2, 105, 160, 170)}, 1},
		{"backwards", []wait{at(4, 110, 120, 130), at(2, 105, 140, 150), at(0, 100, 160, 170)}, 2},
		{"a millisecond apart", []wait{at(2, 101, 120, 130), at(0, 100, 140, 150)}, 0},
		{"at another proxy", []wait{at(1, 110, 120, 130), at(0, 100, 140, 150)}, 0},
		{"him who was cut off", []wait{at(2, 110, 120, 130), cutOff(at(0, 100, 300, 0))}, 1},
		{"not by him who was cut off", []wait{cutOff(at(2, 110, 150, 0)), at(0, 100, 160, 170)}, 0},
		{"before it is measured", []wait{at(2, 10, 20, 30), at(0, 0, 120, 130)}, 0},
	} {
		if got := tenth().overtakings(tt.waits); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestSum(t *testing.T) {
	m := tenth().sum(peer{name: "p"}, record{waits: []wait{
		at(0, 0, 90, 99),           // all of it in the warm-up
		at(1, 80, 110, 112),        // asked before, granted within: a lock
		at(0, 100, 114, 118),       // both
		at(0, 119, 122, 125),       // both
		at(1, 150, 240, 250),       // asked within, granted after: a wait
		cutOff(at(2, 10, 300, 0)),  // never served
		cutOff(at(0, 260, 300, 0)), // asked after the end
	}})
	if m.locks != 3 || m.rate != 30 {
		t.Errorf("got %d locks, %v a second; want 3 and 30", m.locks, m.rate)
	}
	if m.held != 3*time.Millisecond {
		t.Errorf("held: got %v, want 3ms", m.held)
	}
	if m.most != 2 || m.least != 0 {
		t.Errorf("shares: got %v and %v, want 2 and 0", m.most, m.least)
	}
	if m.throughA < 0.66 || m.throughA > 0.67 {
		t.Errorf("the first proxy's share: got %v, want 2/3", m.throughA)
	}
	if got, want := len(m.waits), 4; got != want {
		t.Fatalf("got %d waits, want %d", got, want)
	}
	if m.percentile(50) != 14*time.Millisecond || m.percentile(100) != 290*time.Millisecond {
		t.Errorf("got a median of %v and a longest of %v, want 14ms and 290ms", m.percentile(50), m.percentile(100))
	}
	if m.cutOff != 1 || m.longestIs != "> " {
		t.Errorf("got %d cut off and %q, want 1 and that the longest is longer", m.cutOff, m.longestIs)
	}
}

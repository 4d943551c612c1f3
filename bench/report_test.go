package main

import (
	"strings"
	"testing"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/usage"
)

func TestTheTablesHaveMediansOfTheRounds(t *testing.T) {
	with := func(m measurement) measurement {
		m.nodes = usage.Usage{CPU: time.Second, Memory: 3 << 20}
		m.proxy = usage.Usage{CPU: 2 * time.Second, Memory: 4 << 20}
		m.client = usage.Usage{CPU: 500 * time.Millisecond, Memory: 5 << 20}
		return m
	}
	var all []measurement
	for i := range 3 {
		all = append(all,
			with(counted("", callers.ProxyConns, 200, []int{300, 900, 400}[i], time.Duration(i+1)*time.Millisecond)),
			with(counted("", callers.Redsync, 200, []int{100, 200, 150}[i], 8*time.Millisecond)))
	}
	load := sections()[0]
	rows := rowsOf(all)
	for want, got := range map[string]string{
		"| 5 nodes | 200 | proxy, a connection each | 400 | 300 | 900 | 2.00 ms | 2.00 ms | 2.00 ms | 2.00 ms | 1.00 ms | 2.67 | 0.25 | 0 |\n": load.speeds(rows).Markdown(),
		"| 5 nodes | 200 | redsync | 150 | 100 | 200 | 8.00 ms | 8.00 ms | 8.00 ms | 8.00 ms | 4.00 ms | 1.00 | 1.00 | 0 |\n":                  load.speeds(rows).Markdown(),
		"| 5 nodes | 200 | proxy, a connection each | 875.00 | 250.00 | 500.00 | 125.00 |":                                                     load.costs(rows).Markdown(),
		"| 3 | 4 | 5 |\n":     load.costs(rows).Markdown(),
		"proxy, a connection": load.pictures(plan{crowd: 200}, rows, "today")["pairs"],
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwithout %s", got, want)
		}
	}
}

func TestFailedPairsSpoilARun(t *testing.T) {
	failed := func(setting, peer string) []measurement {
		m := counted(setting, peer, 1, 1, time.Millisecond)
		m.Errors, m.First = 2, "refused"
		return []measurement{m}
	}
	for _, tt := range []struct {
		setting, peer string
		spoils        bool
	}{
		{"", callers.Redsync, true},
		{onePaused, callers.Redsync, false}, // that is what is shown
		{onePaused, callers.ProxyConns, true},
		{oneDead, callers.Library, true},
	} {
		if err := failure(failed(tt.setting, tt.peer)); (err != nil) != tt.spoils {
			t.Errorf("%s %s: got %v", tt.setting, tt.peer, err)
		}
	}
}

func TestAPeerThatDoesNothingHasNoRatio(t *testing.T) {
	all := []measurement{counted(healthy, callers.Redsync, 200, 0, 0), counted(onePaused, callers.Redsync, 200, 0, 0)}
	faults := sections()[1]
	rows := rowsOf(all)
	want := "| one node paused | 200 | redsync | 0 | 0 | 0 | - | - | - | - | - | - | - | 0 |\n"
	if got := faults.speeds(rows).Markdown(); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwithout %s", got, want)
	}
	for _, got := range []string{faults.costs(rows).Markdown(), faults.pictures(plan{crowd: 200}, rows, "")["faults"]} {
		if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Errorf("got\n%s", got)
		}
	}
}

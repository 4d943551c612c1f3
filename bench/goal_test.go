package main

import (
	"strings"
	"testing"
	"time"

	"redlock-proxy/bench/callers"
)

// counted is a measurement of so many pairs in a second, each so long.
func counted(setting, peer string, count, pairs int, each time.Duration) measurement {
	m := measurement{setting: setting, peer: peer, callers: count}
	m.Result = callers.Result{Took: time.Second, Lock: callers.NewTimes(), Pair: callers.NewTimes()}
	for range pairs {
		m.Lock.Record(each / 2)
		m.Pair.Record(each)
	}
	return m
}

func TestAGoalIsMetByItsMedian(t *testing.T) {
	all := []measurement{
		counted("", "a", 200, 300, time.Millisecond), counted("", "b", 200, 100, time.Millisecond),
		counted("", "a", 200, 100, time.Millisecond), counted("", "b", 200, 100, time.Millisecond),
		counted("", "a", 200, 200, time.Millisecond), counted("", "b", 200, 100, time.Millisecond),
		counted("", "a", 1, 999, time.Millisecond), counted("x", "b", 200, 999, time.Millisecond),
	}
	a, b := side{"", "a", 200, pairRate}, side{"", "b", 200, pairRate}
	for _, tt := range []struct {
		goal goal
		want string
	}{
		{goal{words: "a to b", atLeast: true, bound: 2}, "| a to b | >= 2.00 | 2.00 | 1.00 | 3.00 | yes | 200/s / 100/s |\n"},
		{goal{words: "a to b", atLeast: true, bound: 2.1}, "| a to b | >= 2.10 | 2.00 | 1.00 | 3.00 | no | 200/s / 100/s |\n"},
		{goal{words: "a to b", bound: 2}, "| a to b | <= 2.00 | 2.00 | 1.00 | 3.00 | yes | 200/s / 100/s |\n"},
		{goal{words: "a to b", bound: 1.9}, "| a to b | <= 1.90 | 2.00 | 1.00 | 3.00 | no | 200/s / 100/s |\n"},
	} {
		got := goalTable([]goal{tt.goal.divide(all, a, b, "%.0f/s")}).Markdown()
		if !strings.HasSuffix(got, tt.want) {
			t.Errorf("got\n%s\nwant at its end\n%s", got, tt.want)
		}
	}
}

func TestAGoalThatWasNotMeasuredIsNotMet(t *testing.T) {
	a := side{"", "a", 200, pairRate}
	got := goalTable([]goal{goal{words: "a to a", bound: 1}.divide(nil, a, a, "%.0f")}).Markdown()
	if want := "| a to a | <= 1.00 | - | - | - | not measured |  |\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
}

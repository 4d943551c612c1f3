package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func measured(name string, rate float64, p50 time.Duration) measurement {
	return measurement{
		peer: peer{name: name, nodes: 5, proxy: name == "proxy"}, contenders: 16,
		locks: int(rate), rate: rate, most: 1 + rate/1000, least: 1 - rate/1000, throughA: 0.5, held: 2 * time.Millisecond,
		waits: []time.Duration{p50, p50, 3 * p50},
		trip:  trips{500 * time.Microsecond, time.Millisecond},
		calls: map[string]float64{"set": 1, "evalsha": 1.25, "hello": 0.001},
	}
}

func TestReport(t *testing.T) {
	r := report{plan: plan{contenders: []int{16}, rounds: 3, time: time.Second, proxies: 2}, results: []measurement{
		measured("proxy", 360, 40*time.Millisecond), measured("redsync", 200, time.Millisecond),
		measured("proxy", 380, 42*time.Millisecond), measured("redsync", 100, 2*time.Millisecond),
		measured("proxy", 340, 44*time.Millisecond), measured("redsync", 300, 4*time.Millisecond),
	}, wakeUps: []wakeUp{{"A", "B", 200, 300 * time.Microsecond, time.Millisecond}}}
	r.results[2].longestIs, r.results[4].longestIs = "> ", "> "
	r.results[3].cutOff, r.results[5].cutOff, r.results[5].record.failures = 2, 1, 4
	r.results[0].overtook = 7
	var out bytes.Buffer
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 16 | proxy | 5 | 360 | 340 | 380 | 42.00 ms | 126.00 ms | 126.00 ms | > 132.00 ms | 3.0 | 1.38 | 0.62 | 0 | 0 |\n",
		"| 16 | redsync | 5 | 200 | 100 | 300 | 2.00 ms | 6.00 ms | 6.00 ms | 12.00 ms | 3.0 | 1.30 | 0.70 | 3 | 4 |\n",
		"| 16 | proxy | 360 | 2.00 ms | 0.50 ms | 0.90 | 1.00 ms | 1.08 | 1080 | 7 | 50 % | 50 % |\n",
		"| 16 | proxy | evalsha 1.25, set 1.00 |\n",
		"| A | B | 200 | 0.30 ms | 1.00 ms |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwithout %s", &out, want)
		}
	}
	if n := strings.Count(out.String(), "| 16 | redsync | "); n != 2 {
		t.Errorf("redsync has %d rows, want 2: none in the proxy's own table", n)
	}
}

func TestFailuresSpoilARun(t *testing.T) {
	refused := errors.New("refused")
	m := measured("proxy", 1, time.Millisecond)
	m.record.fail(refused)
	m.record.fail(errors.New("another"))
	r := report{results: []measurement{measured("redsync", 1, 1), m}}
	if err := r.failure(); !errors.Is(err, refused) {
		t.Errorf("got %v, want it to wrap %v", err, refused)
	}
	r.results = r.results[:1]
	if err := r.failure(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestPlan(t *testing.T) {
	p, err := parse([]string{"-contenders", "4, 9", "-hold", "0", "-peers", "proxy,bsm"})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.contenders) != 2 || p.contenders[1] != 9 || p.hold != 0 || len(p.peers) != 3 {
		t.Errorf("got %+v, want 4 and 9 contenders, no hold and three peers", p)
	}
	if p, err = parse([]string{"-proxies", "2"}); err != nil || len(p.peers) != 2 {
		t.Errorf("two proxies: got %d peers, %v; want the two that have proxies", len(p.peers), err)
	}
	for _, args := range []string{"-contenders=1", "-contenders=x", "-proxies=3", "-rounds=0", "-hold=-1s", "-peers=nobody", "-proxies=2 -peers=redsync"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s: got no error", args)
		}
	}
}

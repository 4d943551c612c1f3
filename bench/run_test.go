package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redlock-proxy/bench/callers"
	"redlock-proxy/bench/stage"
)

// TestMain is a process of callers when it was started as one.
func TestMain(m *testing.M) {
	if playing, err := callers.Serve(); playing {
		exit(err, 1)
	}
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is where the tests' proxy is, once one of them has needed it.
var built struct {
	once   sync.Once
	dir    string
	binary string
	err    error
}

func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "redlock-bench-"); built.err == nil {
			built.binary, built.err = stage.Build(t.Context(), built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.binary
}

// tiny is a plan too short to measure anything.
func tiny() plan {
	return plan{rounds: 1, time: 150 * time.Millisecond, warmUp: 20 * time.Millisecond, callers: []int{3}}
}

func open(t *testing.T, o stage.Options) *bench {
	t.Helper()
	o.Binary = binary(t)
	s, err := stage.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open the stage: %v; if something is not installed, run sh test.sh", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{stage: s, plan: tiny()}
}

// TestEveryPeerLocks shows that all peers lock and unlock without an error, over
// the connections they claim, that their costs are seen, and what is made of it.
func TestEveryPeerLocks(t *testing.T) {
	b := open(t, stage.Options{})
	var all []measurement
	for _, peer := range callers.Peers() {
		m, err := b.measure(t.Context(), turn{peer: peer, callers: 3})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
		if m.Pair.Count() == 0 || m.Errors > 0 {
			t.Errorf("%s: got %d pairs and %d errors, the first: %s", peer, m.Pair.Count(), m.Errors, m.First)
		}
		if m.Lock.Count() != m.Pair.Count() || m.Lock.Percentile(50) > m.Pair.Percentile(50) {
			t.Errorf("%s: got %d locks of %v and %d pairs of %v", peer, m.Lock.Count(), m.Lock.Percentile(50), m.Pair.Count(), m.Pair.Percentile(50))
		}
		if m.cpu() == 0 || m.nodes.Memory == 0 || m.proxy.Memory == 0 || m.client.Memory == 0 {
			t.Errorf("%s: got the costs %+v %+v %+v, want some of each", peer, m.nodes, m.proxy, m.client)
		}
	}
	p, load := tiny(), sections()[0]
	p.pictures = filepath.Join(t.TempDir(), "new")
	if _, err := load.draw(p, rowsOf(all), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pairs", "latency", "cpu"} {
		if svg, err := os.ReadFile(filepath.Join(p.pictures, name+".svg")); err != nil || !bytes.Contains(svg, []byte("</svg>")) {
			t.Errorf("picture %s: got %.100s, %v", name, svg, err)
		}
	}
}

// TestOursDoNotNoticeAPausedNode: they lock with the majority, and the node goes
// on afterwards.
func TestOursDoNotNoticeAPausedNode(t *testing.T) {
	b := open(t, stage.Options{})
	b.ownSet = true
	m, err := b.measure(t.Context(), pausing(b.stage, turn{peer: callers.ProxyShared, callers: 3}))
	if err != nil {
		t.Fatal(err)
	}
	if !m.faulty() || m.Errors > 0 {
		t.Errorf("%s: got %d errors, the first: %s", m.setting, m.Errors, m.First)
	}
	if err := b.stage.Nodes[4].Client().Ping(t.Context()).Err(); err != nil {
		t.Errorf("the node stands still: %v", err)
	}
}

// TestFarNodesTakeTheirTime also has other numbers of nodes.
func TestFarNodesTakeTheirTime(t *testing.T) {
	const away = 10 * time.Millisecond
	b := open(t, stage.Options{Nodes: 3, Away: away})
	m, err := b.measure(t.Context(), turn{peer: callers.ProxyShared, callers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Lock.Percentile(50); got < away || m.Errors > 0 || m.Pair.Count() == 0 {
		t.Errorf("got %d pairs, a LOCK takes %v, and %d errors: %s", m.Pair.Count(), got, m.Errors, m.First)
	}
}

// TestRun prints what the goals and the ceiling print, of little.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"-goals"}, []string{
			"| 3 connections, pairs/s, to redsync | >= 5.50 |", "| 1 caller, p50 of a pair, to redsync | <= 0.85 |",
			"pipelined LOCK/s", "p99 of a pair, to healthy", "p50 of a LOCK, to the round trip"}},
		{[]string{"-short", "-only", "ceiling"}, []string{"What the nodes can do"}},
	} {
		p, err := parse(append(tt.args, "-rounds", "1", "-time", "100ms", "-warm-up", "50ms"))
		if err != nil {
			t.Fatal(err)
		}
		p.crowd, p.proxy = 3, binary(t)
		var out bytes.Buffer
		err = run(t.Context(), p, &out)
		// On a busy machine the proxy may say LIMIT to redis-benchmark.
		if err != nil && strings.Contains(err.Error(), "LIMIT") {
			t.Log(err)
			tt.want = tt.want[:len(tt.want)-1]
		} else if err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q: got\n%s\nwithout %s", tt.args, &out, want)
			}
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-callers", "0"}, {"-callers", "x"}, {"-rounds", "0"}, {"-time", "0s"}, {"-only", "nothing"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

package clients

import (
	"testing"

	"redlock-proxy/internal/redistest"
)

// steps are done one after the other by the same client, as it is after the
// steps before. Each has resources of its own, so that it can be run alone.
func steps() []step {
	return []step{
		{"protocol", (*scene).protocol},
		{"lock", (*scene).lock},
		{"refusal", (*scene).refusal},
		{"bytes", (*scene).bytes},
		{"pipeline", (*scene).pipeline},
		{"callers", (*scene).callers},
		{"killed proxy", (*scene).killedProxy},
		{"drained proxy", (*scene).drainedProxy},
		{"no quorum", (*scene).noQuorum},
	}
}

type step struct {
	name string
	run  func(*scene, *testing.T)
}

// outcome is what the table says of a client.
type outcome struct {
	client client
	ready  readyLine
	done   int // steps, fewer than there are when -run chose some
	failed []string
}

// TestMatrix runs the same steps with every client. TestMatrix/ioredis runs
// those of ioredis only, and leaves the table in README alone.
func TestMatrix(t *testing.T) {
	binary, err := built.proxy()
	if err != nil {
		t.Fatal(err)
	}
	const atOnce = 3 // Each has three servers, a proxy and a driver.
	room := make(chan struct{}, atOnce)
	rows := matrix()
	outcomes := make([]outcome, len(rows))
	t.Cleanup(func() { checkReadme(t, outcomes) }) // Subtests end before it.
	for i, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			room <- struct{}{}
			defer func() { <-room }()
			outcomes[i] = runClient(t, c, binary)
		})
	}
}

func runClient(t *testing.T, c client, binary string) outcome {
	c.needs = append(c.needs, "redis-server")
	c.needInstalled(t)
	nodes := redistest.Start(t, 3)
	p := startProxy(t, binary, nodes)
	s := &scene{c, startDriver(t, c, p.address), p, nodes}
	o := outcome{client: c, ready: s.driver.ready}
	for _, step := range steps() {
		ran := false
		ok := t.Run(step.name, func(t *testing.T) {
			ran = true
			step.run(s, t)
		})
		if ran {
			o.done++
		}
		if !ok {
			o.failed = append(o.failed, step.name)
		}
	}
	// The last proxy has to end well too.
	p.terminate(t)
	p.awaitDrained(t)
	return o
}

package redlock

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSimulation lets the whole package run on simulated nodes, in tens of
// thousands of schedules of delays, faults and restarts, and judges what clients
// were told: see doc comments of simHistory.check and finally. The schedules are
// new ones every time; -simulate.schedules says how many.
//
// They are run by processes of their own, for each core one after the other, and
// built without the race detector, which would make them five times as slow. For
// millions see make simulate.
func TestSimulation(t *testing.T) {
	t.Parallel()
	binary := plainBinary(t)
	base := uint64(time.Now().UnixNano())
	children := uint64(runtime.NumCPU())
	each := (*simulateSchedules + children - 1) / children
	var all sync.WaitGroup
	for i := range children {
		all.Go(func() {
			for done := uint64(0); done < each && !t.Failed(); done += schedulesOfChild {
				child(t, binary, fmt.Sprintf("%d,%d,%d", base+i+done*children, children, min(schedulesOfChild, each-done)))
			}
		})
	}
	all.Wait()
}

// schedulesOfChild is how many schedules one process runs: minutes, after which a
// long run says how far it has come.
const schedulesOfChild = 10_000

// TestSimulationWithTheRaceDetector is a few of them for data races.
func TestSimulationWithTheRaceDetector(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child(t, binary, fmt.Sprintf("%d,1,100", time.Now().UnixNano()))
}

// TestBrokenRulesAreNoticed is the test of the simulation: each rule on which
// the guarantees rest is broken once, and the simulation has to find out.
func TestBrokenRulesAreNoticed(t *testing.T) {
	t.Parallel()
	binary := plainBinary(t)
	var all sync.WaitGroup
	for i := range runtime.NumCPU() {
		all.Go(func() { child(t, binary, fmt.Sprintf("%d,%d,controls", i, runtime.NumCPU())) })
	}
	all.Wait()
}

// plain is built once for all tests.
var plain struct {
	sync.Once
	folder string // removed by TestMain
	binary string
	err    error
}

func plainBinary(t *testing.T) string {
	t.Helper()
	plain.Do(func() {
		if plain.folder, plain.err = os.MkdirTemp("", "simulation"); plain.err != nil {
			return
		}
		plain.binary = filepath.Join(plain.folder, "simulation.test")
		out, err := exec.Command("go", "test", "-c", "-o", plain.binary, ".").CombinedOutput()
		if err != nil {
			plain.err = fmt.Errorf("building without -race: %w\n%s", err, out)
		}
	})
	if plain.err != nil {
		t.Fatal(plain.err)
	}
	return plain.binary
}

// child runs TestSimulatedSchedules in a process of its own, which ends before the
// time of go test does: it would outlive this one, and what it found be lost.
func child(t *testing.T, binary, what string) {
	ctx := t.Context()
	if end, limited := t.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-20*time.Second))
		defer cancel()
	}
	args := []string{binary, "-test.run=^TestSimulatedSchedules$", "-test.v", "-test.timeout=0", "-simulate.child=" + what}
	if nice, err := exec.LookPath("nice"); err == nil { // other tests may need the core in time
		args = append([]string{nice, "-n", "19"}, args...)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	err := c.Run()
	text := strings.TrimSpace(out.String())
	if err != nil || !strings.Contains(text, "PASS") {
		t.Errorf("schedules %s: %v\n%s", what, err, text)
		return
	}
	t.Logf("schedules %s took %v:\n%s", what, time.Since(began).Round(time.Second), text)
}

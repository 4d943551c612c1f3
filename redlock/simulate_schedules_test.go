package redlock

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	simulateSchedules = flag.Uint64("simulate.schedules", 20_000, "how many schedules to simulate")
	simulateSeed      = flag.Uint64("simulate.seed", 0, "replay the one schedule with this seed and print what happens in it: go test -run TestSimulatedSchedules -simulate.seed=n, without -race")
	simulateProfile   = flag.String("simulate.profile", "storm5", "the kind of schedule to replay; the name of a control for one of its")
	simulateChild     = flag.String("simulate.child", "", "for the test itself: first,step,count of the seeds; or first,step,controls")
)

// simulate runs one schedule.
func simulate(t *testing.T, seed uint64, profile *simProfile, r rules, verbose bool) *simWorld {
	t.Helper()
	var w *simWorld
	defer func() {
		if broke := recover(); broke != nil { // by synctest: a goroutine is left
			panic(fmt.Sprintf("seed %d of %s: %v", seed, profile.name, broke))
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		// The product's tokens come from the seed too. The order of its maps and
		// selects is the runtime's; nothing depends on it, as a rule.
		cryptotest.SetGlobalRandom(t, seed)
		w = newSimWorld(seed, profile, r, verbose)
		w.run()
	})
	return w
}

// TestSimulatedSchedules is what TestSimulation runs in processes of its own:
// on one core, as two would change the order of things that happen at once.
func TestSimulatedSchedules(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	switch {
	case *simulateSeed != 0:
		replay(t)
	case strings.HasSuffix(*simulateChild, ",controls"):
		var first, step int
		scanChild(t, "%d,%d,controls", &first, &step)
		for i := first; i < len(simControls()); i += step {
			noticed(t, simControls()[i])
		}
	case *simulateChild != "":
		var first, step, count uint64
		scanChild(t, "%d,%d,%d", &first, &step, &count)
		schedules(t, first, step, count)
	}
}

func scanChild(t *testing.T, format string, to ...any) {
	t.Helper()
	if _, err := fmt.Sscanf(*simulateChild, format, to...); err != nil {
		t.Fatal(err)
	}
}

// replay prints one schedule.
func replay(t *testing.T) {
	r := soundRules()
	var p *simProfile
	for _, one := range simProfiles() {
		if one.name == *simulateProfile {
			p = one
		}
	}
	for _, c := range simControls() {
		if c.name == *simulateProfile {
			p, r = c.profile, c.rules
		}
	}
	if p == nil {
		t.Fatalf("there is no profile %q", *simulateProfile)
	}
	w := simulate(t, *simulateSeed, p, r, true)
	_, _ = fmt.Fprintln(os.Stdout, w.story())
}

// schedules runs many, of all profiles in turn, until some have failed.
func schedules(t *testing.T, first, step, count uint64) {
	outcomes, exchanges, failed := map[string]int{}, 0, 0
	profiles := simProfiles()
	for i := range count {
		seed := first + i*step
		p := profiles[i%uint64(len(profiles))]
		w := simulate(t, seed, p, soundRules(), false)
		for o, n := range w.history.outcomes {
			outcomes[o] += n
		}
		exchanges += w.exchanges
		if len(w.history.wrong) == 0 {
			continue
		}
		t.Errorf("go test ./redlock -run TestSimulatedSchedules -simulate.seed=%d -simulate.profile=%s\n%s", seed, p.name, strings.Join(w.history.wrong, "\n"))
		if failed++; failed == 5 {
			break
		}
	}
	t.Logf("%d schedules, %d exchanges with nodes; Locks: %v", count, exchanges, outcomes)
}

// noticed runs schedules with a broken rule until one of them shows it. With
// all rules the same ones must show nothing.
func noticed(t *testing.T, c simControl) {
	began := time.Now()
	seed, wrong := uint64(0), ""
	for wrong == "" {
		if seed++; seed > c.within {
			t.Errorf("%s: %d schedules have not shown it: the simulation proves nothing", c.name, c.within)
			return
		}
		wrong = c.found(simulate(t, seed, c.profile, c.rules, false))
	}
	t.Logf("%s: found by seed %d in %v: %s", c.name, seed, time.Since(began).Round(time.Millisecond), wrong)
	if c.limit {
		return
	}
	for i := range min(seed, 30) { // the last ones, as that one is among them
		if w := simulate(t, seed-i, c.profile, soundRules(), false); len(w.history.wrong) > 0 {
			t.Errorf("%s: with all rules seed %d shows: %s", c.name, seed-i, strings.Join(w.history.wrong, "\n"))
		}
	}
}

func (c *simControl) found(w *simWorld) string {
	for _, wrong := range w.history.wrong {
		if strings.HasPrefix(wrong, c.finds) || c.finds == leftBehind && strings.HasPrefix(wrong, "NOT UNDONE") {
			return wrong
		}
	}
	return ""
}

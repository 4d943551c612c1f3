package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is processes in two languages that count in the same place.
type crowd struct {
	t         *testing.T
	world     *world
	arguments []string // where they count
	dice      *rand.Rand
	members   []*member
}

// member is one of them; when it is killed another takes its place.
type member struct {
	*process
	program []string
	name    string
	crowd   *crowd
}

const resource = "counter"

var languages = []string{"go", "python"}

func newCrowd(t *testing.T, w *world, dice *rand.Rand, where ...string) *crowd {
	t.Helper()
	c := &crowd{t: t, world: w, arguments: where, dice: dice}
	binary, err := built.counter()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		for language, program := range [][]string{
			{binary},
			{"/usr/bin/python3", "drivers/python/counter.py"}, // Debian's, as only it finds python3-redis
		} {
			m := &member{program: program, name: fmt.Sprintf("%s-%d", languages[language], i), crowd: c}
			m.start(dice.Uint64() >> 1)
			c.members = append(c.members, m)
		}
	}
	return c
}

func (m *member) start(seed uint64) {
	c := m.crowd
	args := append(m.program[1:len(m.program):len(m.program)],
		strings.Join(c.world.fronts(), ","), resource, m.name, fmt.Sprint(seed))
	m.process = startProcess(c.t, exec.Command(m.program[0], append(args, c.arguments...)...))
	mine := m.process
	c.t.Cleanup(func() { mine.wantNoComplaint(c.t) })
}

// pauseMember and killMember are the faults of a crowd.
func (c *crowd) pauseMember(_ *world, dice *rand.Rand) fault {
	m := one(dice, c.members)
	return fault{
		name: "a client stands still", most: 800 * time.Millisecond,
		begin: func() { m.stop() }, end: func() { m.resume() },
	}
}

func (c *crowd) killMember(_ *world, dice *rand.Rand) fault {
	m := one(dice, c.members)
	return fault{
		name:  "a client dies",
		begin: func() { m.kill() }, end: func() { m.start(dice.Uint64() >> 1) },
	}
}

// count lets a crowd count for a while, through faults, and ends it.
func count(t *testing.T, r round, where ...string) {
	t.Helper()
	w := r.open(t)
	var stream uint64
	dice := func() *rand.Rand {
		stream++
		return rand.New(rand.NewPCG(r.seed, stream))
	}
	c := newCrowd(t, w, dice(), where...)
	ctx, cancel := context.WithTimeout(t.Context(), r.lasts)
	defer cancel()
	harm := &mischief{counts: make(map[string]int)}
	var all sync.WaitGroup
	for _, kinds := range append(r.faults, []kind{c.pauseMember, c.pauseMember, c.killMember}) {
		d := dice()
		all.Go(func() { harm.cause(ctx, w, d, kinds) })
	}
	all.Wait()
	t.Log(harm)
	w.wantRecovered(t)
	for _, m := range c.members {
		m.wantNoComplaint(t)
		m.kill()
	}
}

// TestCounterInAFile: who looks at the clock loses no update, though the file is
// protected by nothing but the lock.
func TestCounterInAFile(t *testing.T) {
	t.Parallel()
	rounds(t, func(t *testing.T, seed uint64, lasts time.Duration) {
		r := common(seed)
		r.lasts = min(2*r.lasts, lasts)
		path := newFile(t)
		count(t, r, "file", path)
		for _, w := range lostUpdates(t, path) {
			t.Error(w)
		}
	})
}

func newFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lostUpdates reads what was written: 1 to n, one a line, each by whom.
func lostUpdates(t *testing.T, path string) (wrong []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	by := make(map[string]int)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines {
		n, name, _ := strings.Cut(line, " ")
		if n != fmt.Sprint(i+1) {
			return []string{fmt.Sprintf("an update is lost: line %d is %q, behind %q", i+1, line, lines[max(i-1, 0)])}
		}
		by[language(name)]++
	}
	t.Logf("counted to %d: %v", len(lines), by)
	wantBoth(t, by)
	return nil
}

func language(name string) string {
	language, _, _ := strings.Cut(name, "-")
	return language
}

// wantBoth: a place where only one language counted shows little.
func wantBoth(t *testing.T, by map[string]int) {
	t.Helper()
	for _, language := range languages {
		if by[language] < 3 {
			t.Errorf("%s counted %d times: nothing is shown", language, by[language])
		}
	}
}

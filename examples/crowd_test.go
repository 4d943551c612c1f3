package examples_test

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestCrowd: many processes in all languages count in one file, each as often as
// it takes to get the lock. Two tasks at once would lose a count.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := start(t)
	file := plain(t, "0")
	callers := map[string]int{"go": 6, "python": 6, "shell": 6}
	total := 0
	var crowd sync.WaitGroup
	for _, p := range programs {
		n := max(callers[p.name], 1)
		total += n
		for range n {
			crowd.Go(func() { insist(t, p, s.addr, file.path) })
		}
	}
	crowd.Wait()
	file.want(t, strconv.Itoa(total))
	s.wantFree(t, resource)
}

// insist starts a program until it has had the lock.
func insist(t *testing.T, p program, proxy, file string) {
	for deadline := time.Now().Add(patience); ; {
		switch code, printed := p.start(t, proxy, resource, file).wait(t); {
		case code == done:
			return
		case code != held:
			t.Errorf("%s: exit code %d:\n%s", p.name, code, printed)
			return
		case time.Now().After(deadline):
			t.Errorf("%s: never got the lock", p.name)
			return
		}
		time.Sleep(time.Duration(20+rand.IntN(80)) * time.Millisecond)
	}
}

package proof

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// store keeps a counter for whoever shows a fence that is not lower than the
// greatest it has seen. It asks for it when it is read, too: otherwise one who
// was left behind could still write between another's reading and writing.
type store struct {
	mu       sync.Mutex
	greatest int64
	value    int
	writes   map[string]int // by language
	stale    int
	wrong    []string
}

// serve answers until the test is over.
func (s *store) serve(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go s.talk(conn) // ends with its client, which ends with the test
			}
		}
	}()
	return l.Addr().String()
}

func (s *store) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if _, err := fmt.Fprintln(conn, s.answer(lines.Text())); err != nil {
			return
		}
	}
}

func (s *store) answer(line string) string {
	var verb, name string
	var fence int64
	var value int
	n, _ := fmt.Sscan(line, &verb, &fence, &name, &value)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case n < 3 || verb == "write" && n < 4:
		s.wrong = append(s.wrong, fmt.Sprintf("%q is no request", line))
		return "error"
	case fence < s.greatest:
		s.stale++
		return "stale"
	}
	s.greatest = fence
	if verb == "read" {
		return fmt.Sprint(s.value)
	}
	if value != s.value+1 {
		s.wrong = append(s.wrong, fmt.Sprintf("an update is lost: %q when the counter was %d", line, s.value))
	}
	s.value = value
	s.writes[language(name)]++
	return "ok"
}

// TestCounterBehindAFence: who looks at no clock at all, and stands still for as
// long as it likes, loses no update where the store asks for the fence.
func TestCounterBehindAFence(t *testing.T) {
	t.Parallel()
	rounds(t, func(t *testing.T, seed uint64, lasts time.Duration) {
		r := common(seed)
		r.lasts = min(2*r.lasts, lasts)
		s := &store{writes: make(map[string]int)}
		count(t, r, "store", s.serve(t))
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, w := range s.wrong {
			t.Error(w)
		}
		t.Logf("counted to %d, %d stale fences refused", s.value, s.stale)
		wantBoth(t, s.writes)
	})
}

func TestStoreNoticesALostUpdate(t *testing.T) {
	s := &store{writes: make(map[string]int)}
	for _, step := range [][2]string{
		{"read 5 go-0", "0"}, {"write 5 go-0 1", "ok"},
		{"read 6 go-1", "1"}, {"read 5 go-0", "stale"}, {"write 5 go-0 2", "stale"},
		{"read 6 python-0", "1"}, {"write 6 go-1 2", "ok"}, {"write 6 python-0 2", "ok"}, // one fence for two
	} {
		if got := s.answer(step[0]); got != step[1] {
			t.Errorf("%s: got %s, want %s", step[0], got, step[1])
		}
	}
	if len(s.wrong) != 1 {
		t.Errorf("the store says %q, want one lost update", s.wrong)
	}
}

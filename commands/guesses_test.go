package commands

import (
	"fmt"
	"testing"
	"time"
)

func TestTheTableOfGuessersIsBounded(t *testing.T) {
	t.Parallel()
	var g guesses
	now := time.Now()
	for i := range 3 * guessAddresses {
		now = now.Add(time.Millisecond)
		g.take(fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>8, i&255), now)
		if len(g.wrongs) > guessAddresses {
			t.Fatalf("%d addresses are kept, want at most %d", len(g.wrongs), guessAddresses)
		}
	}
	if len(g.wrongs) != guessAddresses {
		t.Errorf("%d addresses are kept, this shows nothing", len(g.wrongs))
	}
}

// The limit fills up again at its rate, and never above its burst.
func TestGuessesComeBackWithTime(t *testing.T) {
	t.Parallel()
	var g guesses
	now := time.Now()
	all := func() (n int) {
		for g.take("192.0.2.1:5", now) {
			n++
		}
		return n
	}
	if n := all(); n != guessBurst {
		t.Errorf("%d guesses at once, want %d", n, guessBurst)
	}
	now = now.Add(time.Second)
	if n := all(); n != guessPerSecond {
		t.Errorf("%d guesses after a second, want %d", n, guessPerSecond)
	}
	now = now.Add(time.Hour)
	if n := all(); n != guessBurst {
		t.Errorf("%d guesses after an hour, want %d", n, guessBurst)
	}
	g.right("192.0.2.1:6")
	if n := all(); n != 1 {
		t.Errorf("a right password gave back %d, want 1", n)
	}
}

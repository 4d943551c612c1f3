package examples_test

import (
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// each runs a test for every program that fits.
func each(t *testing.T, fits func(program) bool, test func(t *testing.T, p program)) {
	t.Parallel()
	for _, p := range programs {
		if fits(p) {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				test(t, p)
			})
		}
	}
}

func every(program) bool { return true }

// wantEnd waits for the end of a program and gives what it printed.
func wantEnd(t *testing.T, r run, want int) string {
	t.Helper()
	code, printed := r.wait(t)
	if code != want {
		t.Errorf("exit code %d, want %d:\n%s", code, want, printed)
	}
	return printed
}

// wantWords wants them in what was printed.
func wantWords(t *testing.T, printed, words string) {
	t.Helper()
	if !strings.Contains(printed, words) {
		t.Errorf("%q is missing in what it printed:\n%s", words, printed)
	}
}

// wantSecret wants the token not to be shown.
func wantSecret(t *testing.T, printed, token string) {
	t.Helper()
	if strings.Contains(printed, token) {
		t.Errorf("it shows its token:\n%s", printed)
	}
}

const resource = "jobs:42"

func TestHoldsWhileAtItAndReleases(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		file, other := newGate(t), plain(t, "1")
		first := p.start(t, s.addr, resource, file.path)
		file.await(t, first.running)
		token := s.wantHeld(t, resource)

		printed := wantEnd(t, p.start(t, s.addr, resource, other.path), held)
		wantWords(t, printed, "held by another")
		other.want(t, "1")

		file.open("41")
		printed += wantEnd(t, first, done)
		file.want(t, "42")
		s.wantFree(t, resource)
		wantSecret(t, printed, token)

		second := newGate(t)
		again := p.start(t, s.addr, resource, second.path)
		second.await(t, again.running)
		if s.wantHeld(t, resource) == token {
			t.Error("the token is always the same")
		}
		second.open("42")
		wantEnd(t, again, done)
	})
}

func TestReleasesWhenTheTaskFails(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		file := newGate(t)
		r := p.start(t, s.addr, resource, file.path)
		file.await(t, r.running)
		token := s.wantHeld(t, resource)
		file.open("?")
		code, printed := r.wait(t)
		switch code {
		case done, noQuorum, lost, held:
			t.Errorf("exit code %d, want one of its own for a task that failed:\n%s", code, printed)
		}
		wantSecret(t, printed, token)
		file.want(t, "")
		s.wantFree(t, resource)
	})
}

func TestReleasesWhenToldToEnd(t *testing.T) {
	each(t, func(p program) bool { return p.releases }, func(t *testing.T, p program) {
		s := start(t)
		file := newGate(t)
		r := p.start(t, s.addr, resource, file.path)
		file.await(t, r.running)
		s.wantHeld(t, resource)
		r.terminate()
		file.open("41") // some must first return from the reading
		r.wait(t)
		s.wantFree(t, resource)
	})
}

func TestNoTaskWithoutQuorum(t *testing.T) {
	s := start(t)
	s.loseQuorum()
	each(t, every, func(t *testing.T, p program) {
		file := plain(t, "1")
		r := p.start(t, s.addr, "jobs:"+p.name, file.path)
		wantWords(t, wantEnd(t, r, noQuorum), "NOQUORUM 1 of 3 nodes answered")
		file.want(t, "1")
	})
}

func TestNoTaskWithoutProxy(t *testing.T) {
	nobody := redistest.StartWire(t, "127.0.0.1:1")
	nobody.Refuse(true)
	each(t, every, func(t *testing.T, p program) {
		file := plain(t, "1")
		code, printed := p.start(t, nobody.Addr(), resource, file.path).wait(t)
		switch {
		case p.name == "node" && code == noQuorum: // 503 says that the service is not up to it
		case code == done, code == lost, code == held, code == noQuorum:
			t.Errorf("exit code %d, want one of its own for a proxy that is away:\n%s", code, printed)
		}
		file.want(t, "1")
	})
}

// TestLockLost: somebody or something took the lock away.
func TestLockLost(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		file := newGate(t)
		r := p.start(t, s.addr, resource, file.path)
		file.await(t, r.running)
		token := s.wantHeld(t, resource)
		s.forget(t)
		file.open("41")
		printed := wantEnd(t, r, lost)
		wantWords(t, printed, "was lost before the")
		wantSecret(t, printed, token)
	})
}

// TestQuorumLostMeanwhile: the task was done in time, only its lock cannot be
// released.
func TestQuorumLostMeanwhile(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		file := newGate(t)
		r := p.start(t, s.addr, resource, file.path)
		file.await(t, r.running)
		token := s.wantHeld(t, resource)
		s.loseQuorum()
		file.open("41")
		printed := wantEnd(t, r, done)
		wantWords(t, printed, "is not released and ends with its ttl")
		wantSecret(t, printed, token)
		file.want(t, "42")
	})
}

// TestConnectionLostMeanwhile: a token is good on any connection.
func TestConnectionLostMeanwhile(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		wire := redistest.StartWire(t, s.addr)
		file := newGate(t)
		r := p.start(t, wire.Addr(), resource, file.path)
		file.await(t, r.running)
		s.wantHeld(t, resource)
		wire.Cut()
		file.open("41")
		wantEnd(t, r, done)
		file.want(t, "42")
		s.wantFree(t, resource)
	})
}

// TestAnswerLost: the lock is granted and the program does not hear of it. To
// ask again with the same token is safe; not to is no reason to go on.
func TestAnswerLost(t *testing.T) {
	each(t, every, func(t *testing.T, p program) {
		s := start(t)
		file := plain(t, "41")
		addr, asked := loseFirstGrant(t, s.addr)
		code, printed := p.start(t, addr, resource, file.path).wait(t)
		if !asked.Load() {
			t.Error("no answer was lost")
		}
		if (code == done) != p.again || code == lost || code == held {
			t.Errorf("exit code %d, and it asks again: %v:\n%s", code, p.again, printed)
		}
		if p.again {
			file.want(t, "42")
		} else {
			file.want(t, "41")
		}
		if p.again || p.name == "node" {
			s.wantFree(t, resource)
		}
	})
}

package proof

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// TestSuspendedProxy: a proxy stands still for longer than the ttl and goes on
// as if no time had passed. Meanwhile the lock has lapsed and is another's.
func TestSuspendedProxy(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*scene){
		"with a grant on its way to the client": suspendedGrant,
		"with one who waits":                    suspendedWaiter,
		"that extends a lock":                   suspendedKeeper,
		"with a release and an extension":       suspendedRelease,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := three(2, "--node-timeout=5s").scene(t) // the silence, and not this, is what the test is about
			play(s)
			judge(t, "suspended "+name, history.Rules{}, s.recorder.Ops())
		})
	}
}

const short = 900 * time.Millisecond // a ttl that is over soon

// mine is what the suspended proxy's client asks for, theirs what another does.
func (s *scene) mine() ask { return ask{resource: "r", ttl: short, token: s.newToken()} }

func (s *scene) theirs() ask {
	return ask{resource: "r", ttl: 20 * time.Second, token: s.newToken(), wait: []any{"BLOCK", 4000}}
}

func (s *scene) newToken() string {
	s.tokens++
	return fmt.Sprint("token ", s.tokens)
}

// takeOver waits until the lock has lapsed and is granted to the second proxy's
// client; the first one stands still.
func (s *scene) takeOver() (*actor, history.Op) {
	s.Helper()
	other := s.actor(s.proxies[1])
	return other, s.insist(other, s.theirs())
}

// wantTheirs: nothing that the first proxy does late is to the harm of the lock.
func (s *scene) wantTheirs(other *actor, held history.Op) {
	s.Helper()
	s.settled(s.proxies[0])
	s.want(other.extend(held, held.TTL), history.Yes)
	s.want(other.unlock(held), history.Yes)
	s.awaitKeys("r", 0)
}

// settled waits until a proxy has sent what it had to send before: commands on
// one resource take effect in their order.
func (s *scene) settled(p *proxy) {
	s.Helper()
	s.want(s.actor(p).lock(ask{resource: "r", ttl: time.Second}), history.No)
}

// suspendedGrant: the nodes have granted, and their answers reach a proxy that
// stands still. It must not tell its client when it goes on. Whether it stood
// still at the right moment is seen afterwards.
func suspendedGrant(s *scene) {
	const most = 10
	for range most {
		if s.suspendGrant() {
			return
		}
	}
	s.Errorf("%d times the proxy stood still too early or too late: nothing is shown", most)
}

func (s *scene) suspendGrant() (shown bool) {
	p, mine := s.proxies[0], s.mine()
	a := s.actor(p)
	s.want(a.unlock(s.insist(a, ask{resource: "r", ttl: time.Minute})), history.Yes) // connections are made
	s.awaitKeys("r", 0)
	for _, w := range p.wires[1:] {
		w.Delay(mine.ttl / 2)
		defer w.Delay(0)
	}
	asked := a.later(mine)
	s.awaitWritten(mine, 1)
	p.stop()
	stopped := s.recorder.Now()
	early := !s.written(mine, 2, mine.ttl)
	other, held := s.takeOver()
	p.resume()
	got := <-asked
	late := got.Return < stopped
	if !early && !late && got.Outcome == history.Yes {
		s.Errorf("a grant is told that is over: %v", got)
	}
	s.wantTheirs(other, held)
	return !early && !late
}

// awaitWritten waits until so many nodes have what a LOCK wrote.
func (s *scene) awaitWritten(r ask, want int) {
	s.Helper()
	if !s.written(r, want, patience) {
		s.Fatalf("waited %v in vain: %d nodes have %s of %s", patience, want, r.resource, r.token)
	}
}

// written waits no longer than that.
func (s *scene) written(r ask, want int, most time.Duration) bool {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		n := 0
		for _, value := range s.holders(r.resource) {
			if strings.HasPrefix(value, r.token) {
				n++
			}
		}
		if n >= want {
			return true
		}
	}
	return false
}

// suspendedWaiter: it waits in vain, whatever its proxy missed meanwhile.
func suspendedWaiter(s *scene) {
	p := s.proxies[0]
	holder, waiter := s.actor(p), s.actor(p)
	s.insist(holder, s.mine())
	again := ask{resource: "r", ttl: short, token: s.newToken(), wait: []any{"BLOCK", 2000}}
	waits := waiter.later(again)
	s.awaitWaiting(p, 1)
	p.stop()
	other, held := s.takeOver()
	p.resume()
	s.want(<-waits, history.No)
	s.wantTheirs(other, held)
}

// suspendedKeeper: its proxy extends a lock every third of the ttl, and slept.
// The client must not go on believing that it has it.
func suspendedKeeper(s *scene) {
	p := s.proxies[0]
	a := s.actor(p)
	kept := s.mine()
	kept.keep = true
	lost := s.insist(a, kept)
	p.stop()
	other, held := s.takeOver()
	p.resume()
	eventually(s.T, "the connection ends, or the extension is refused", func() bool {
		return a.extend(lost, short).Outcome != history.Yes
	})
	s.wantTheirs(other, held)
}

// suspendedRelease: what was asked of the proxy while it stood still is about a
// lock that is over.
func suspendedRelease(s *scene) {
	p := s.proxies[0]
	a, b := s.actor(p), s.actor(p)
	lost := s.insist(a, s.mine())
	s.insist(b, ask{resource: "other", ttl: time.Second}) // its connection is made
	p.stop()
	extended, released := make(chan history.Op, 1), make(chan history.Op, 1)
	go func() { extended <- a.extend(lost, short) }()
	go func() { released <- b.unlock(lost) }()
	other, held := s.takeOver()
	p.resume()
	s.want(<-extended, history.No)
	s.want(<-released, history.No)
	s.wantTheirs(other, held)
}

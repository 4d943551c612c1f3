package redlock

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// short is a MaxTTL that a quarantine can be waited out for.
const short = 2 * time.Second

// guarded is a quorum as operators have it by default.
func guarded(t *testing.T, servers []*redistest.Server, change ...func(*Options)) *Quorum {
	t.Helper()
	o := Options{Nodes: at(addresses(servers)...), FirstStart: FirstStartAuto, MaxTTL: short}
	for _, c := range change {
		c(&o)
	}
	return open(t, o)
}

func wantStates(t *testing.T, q *Quorum, want ...string) {
	t.Helper()
	var got []string
	defer func() {
		if t.Failed() {
			t.Logf("they are %q: %+v", got, q.Nodes())
		}
	}()
	eventually(t, "the nodes are "+strings.Join(want, " "), func() bool {
		got = nil
		for _, n := range q.Nodes() {
			got = append(got, n.State)
		}
		return strings.Join(got, " ") == strings.Join(want, " ")
	})
}

// restartEmpty is a node that loses its memory.
func restartEmpty(t *testing.T, s *redistest.Server) {
	t.Helper()
	if err := s.RestartEmpty(); err != nil {
		t.Fatal(err)
	}
}

func TestAFirstStart(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	one, two := guarded(t, servers), guarded(t, servers)
	g := mustLock(t, one, lockFor("a", short))
	_, err := two.Lock(t.Context(), lockFor("a", short))
	wantErr(t, "the second Lock", err, ErrHeld)
	mustUnlock(t, two, g)
	began := time.Now()
	late := guarded(t, servers)
	mustUnlock(t, late, mustLock(t, late, lockFor("a", short)))
	if took := time.Since(began); took > foundingGrace {
		t.Errorf("a later proxy took %v, as if it were the first", took)
	}
}

// restartedHolds is the scenario that the guard is for: three nodes, the lock
// on two of them as the third is away; one of the two restarts empty, the third
// comes back, and another client asks. It tells whether that one was granted the
// lock within the first one's validity.
func restartedHolds(t *testing.T, r rules) bool {
	t.Helper()
	servers, wires, q := wired(t, 3, Options{FirstStart: FirstStartAuto}, r)
	each(wires[2:], func(w *redistest.Wire) { w.Refuse(true); w.Cut() })
	first := mustLock(t, q, lockFor("a", 20*time.Second))
	restartEmpty(t, servers[0])
	each(wires[2:], func(w *redistest.Wire) { w.Refuse(false) })
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		if _, err := q.Lock(t.Context(), lockFor("a", 20*time.Second)); err == nil {
			return time.Now().Before(first.Until)
		}
	}
	return false
}

func TestANodeThatRestartedEmptyDoesNotVote(t *testing.T) {
	t.Parallel()
	if restartedHolds(t, soundRules()) {
		t.Error("two holders")
	}
}

func TestWithoutTheGuardTwoHoldersWouldBeNoticed(t *testing.T) {
	t.Parallel()
	broken := soundRules()
	broken.noGuard = true
	if !restartedHolds(t, broken) {
		t.Error("there were no two holders: the scenario shows nothing")
	}
}

// TestAQuarantineEnds after the longest ttl, meanwhile the node extends and
// releases, and the error says for how long and what can be done.
func TestAQuarantineEnds(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers)
	restartEmpty(t, servers[0])
	wantStates(t, q, StateQuarantined, StateAdmitted, StateAdmitted)
	began := time.Now()
	servers[1].Kill()
	eventually(t, "the node is missed", func() bool {
		_, err := q.Lock(t.Context(), lockFor("a", short))
		return err != nil && strings.Contains(err.Error(), "n1: no votes for ") && strings.Contains(err.Error(), "--first-start") && strings.Contains(err.Error(), "n2: ")
	})
	if until := q.Nodes()[0].Until; !until.After(began) {
		t.Errorf("the quarantine ends at %v", until)
	}
	var g Grant
	eventually(t, "the node votes again", func() bool {
		var err error
		g, err = q.Lock(t.Context(), lockFor("a", short))
		return err == nil
	})
	if waited := time.Since(began); waited < short-guardPeriod {
		t.Errorf("the node voted after %v", waited)
	}
	mustUnlock(t, q, g)
}

// TestAllNodesForgetWhileAProxySurvives: a new proxy, which can not know, does
// not found a quorum on them.
func TestAllNodesForgetWhileAProxySurvives(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers, func(o *Options) { o.MaxTTL = 20 * time.Second })
	first := mustLock(t, q, lockFor("a", 20*time.Second))
	for _, s := range servers {
		restartEmpty(t, s)
	}
	fresh := guarded(t, servers, func(o *Options) { o.MaxTTL = 20 * time.Second })
	wantStates(t, q, StateQuarantined, StateQuarantined, StateQuarantined)
	_, err := fresh.Lock(t.Context(), lockFor("a", short))
	if err == nil && time.Now().Before(first.Until) {
		t.Fatal("two holders")
	}
	wantErr(t, "Lock", err, ErrNoQuorum)
}

// TestFlushedMemoryIsNoticed without a restart.
func TestFlushedMemoryIsNoticed(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers)
	if err := servers[1].Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	wantStates(t, q, StateAdmitted, StateQuarantined, StateAdmitted)
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
}

// TestTheLongestTTLCounts: a proxy that allows shorter ones waits for the locks
// of the others too.
func TestTheLongestTTLCounts(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	guarded(t, servers, func(o *Options) { o.MaxTTL = time.Minute })
	q := guarded(t, servers)
	restartEmpty(t, servers[0])
	wantStates(t, q, StateQuarantined, StateAdmitted, StateAdmitted)
	if left := time.Until(q.Nodes()[0].Until); left < 50*time.Second {
		t.Errorf("the quarantine ends in %v", left)
	}
}

func TestAFirstStartWithANodeMissing(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	servers[2].Kill()
	q := guarded(t, servers)
	_, err := q.Lock(t.Context(), lockFor("a", short))
	wantErr(t, "Lock", err, ErrNoQuorum)
	if !strings.Contains(err.Error(), "first start: waits for n3, or ") {
		t.Errorf("got %v", err)
	}
	eventually(t, "it goes on without", func() bool {
		g, err := q.Lock(t.Context(), lockFor("a", short))
		return err == nil && q.Unlock(t.Context(), Request{Resource: "a", Token: g.Token}) == nil
	})
	restartEmpty(t, servers[2])
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
}

func TestFirstStartWait(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers, func(o *Options) { o.FirstStart = FirstStartWait })
	wantStates(t, q, StateQuarantined, StateQuarantined, StateQuarantined)
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
}

// TestNodesThatAreNoMembers are not asked, and the error says what to do.
func TestNodesThatAreNoMembers(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 6)
	guarded(t, servers[:3])
	cases := []struct {
		name  string
		nodes []Node
		want  string
	}{
		{"one server under two names", at(servers[0].Addr(), "localhost:"+strings.Split(servers[0].Addr(), ":")[1], servers[1].Addr()), "is the same server as n"},
		{"more nodes", at(addresses(servers[:5])...), "belongs to a quorum of 3 nodes, and 5 are named here"},
		{"other nodes", []Node{at(servers[0].Addr())[0], named4(servers[3].Addr(), "x"), named4(servers[4].Addr(), "y")}, "is new here and no member of this quorum; see redlock-proxy replace"},
	}
	for _, c := range cases {
		q := open(t, Options{Nodes: c.nodes, FirstStart: FirstStartAuto, MaxTTL: short})
		var err error
		eventually(t, c.name+": "+c.want, func() bool {
			_, err = q.Lock(t.Context(), lockFor("a", short))
			return err == nil || strings.Contains(err.Error(), c.want)
		})
		if c.name != "one server under two names" {
			wantErr(t, c.name, err, ErrNoQuorum)
		}
	}
}

func named4(addr, name string) Node {
	n := at(addr)[0]
	n.Name = name
	return n
}

func TestAReplicaIsNotAsked(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 4)
	host, port, _ := strings.Cut(servers[3].Addr(), ":")
	if err := servers[0].Client().Do(t.Context(), "REPLICAOF", host, port).Err(); err != nil {
		t.Fatal(err)
	}
	q := open(t, Options{Nodes: at(addresses(servers[:3])...), NodeTimeout: 300 * time.Millisecond})
	eventually(t, "the replica is down", func() bool { return errors.Is(q.Nodes()[0].Down, errReplica) && q.Nodes()[0].Refused() })
	mustUnlock(t, q, mustLock(t, q, lockFor("a", time.Minute)))
	// A promoted one may lack what its master acknowledged.
	if err := servers[0].Client().Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
}

// TestANewerFormatIsNotTouched by a proxy that does not know it.
func TestANewerFormatIsNotTouched(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	for _, s := range servers {
		if err := s.Client().HSet(t.Context(), memberKey, "format", memberFormat+1, "state", "whatever", "run", "x", "ttl", 1000).Err(); err != nil {
			t.Fatal(err)
		}
	}
	q := guarded(t, servers)
	_, err := q.Lock(t.Context(), lockFor("a", short))
	if err == nil || !strings.Contains(err.Error(), "upgrade this one") {
		t.Errorf("got %v", err)
	}
	got := servers[0].Client().HGetAll(t.Context(), memberKey).Val()
	if len(got) != 4 || got["state"] != "whatever" || got["ttl"] != "1000" {
		t.Errorf("the record was changed to %v", got)
	}
}

// TestTheGuardCostsNothingPerLock, counted on the nodes: looks come with time,
// not with locks.
func TestTheGuardCostsNothingPerLock(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	q := guarded(t, servers)
	const locks = 3000
	asked := func() int64 {
		return calls(t, servers, "evalsha") + calls(t, servers, "set") + calls(t, servers, "info")
	}
	before := asked()
	began := time.Now()
	for range locks {
		mustUnlock(t, q, mustLock(t, q, lockFor("a", short)))
	}
	settled(t, q)
	periods := int64(time.Since(began)/guardPeriod) + 2
	most := int64(len(servers)) * (2*locks + 2*int64(q.options.Lanes)*periods)
	if n := asked() - before; n > most {
		t.Errorf("%d requests for %d locks and unlocks on %d nodes, want at most %d", n, locks, len(servers), most)
	}
}

// TestEvictionIsWarnedOf, once for each node.
func TestEvictionIsWarnedOf(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	servers := redistest.Start(t, 3, "--maxmemory-policy", "allkeys-lru")
	guarded(t, servers, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if n := strings.Count(log.String(), "maxmemory-policy noeviction"); n != len(servers) {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
}

// TestARecordIsNoPlaceForTokens, nor is the log.
func TestARecordIsNoPlaceForTokens(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	servers := redistest.Start(t, 3)
	q := guarded(t, servers, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	mustLock(t, q, Request{Resource: "a", Token: "secret", TTL: short})
	restartEmpty(t, servers[0])
	wantStates(t, q, StateQuarantined, StateAdmitted, StateAdmitted)
	fields, err := servers[0].Client().HGetAll(t.Context(), memberKey).Result()
	if err != nil || fields["state"] != quarantined || fields["names"] != "n1\nn2\nn3" {
		t.Errorf("record %v, %v", fields, err)
	}
	if bytes.Contains([]byte(log.String()), []byte("secret")) {
		t.Error("the token is in the log")
	}
}

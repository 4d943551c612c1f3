package redlock

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// formerly is a process of the version that wrote records of format 1.
func formerly(t *testing.T, servers []*redistest.Server) *Quorum {
	t.Helper()
	r := soundRules()
	r.format = 1
	return openBroken(t, Options{Nodes: at(addresses(servers)...), FirstStart: FirstStartAuto, MaxTTL: short}, r)
}

// formats are of the nodes' records.
func formats(t *testing.T, servers []*redistest.Server) string {
	t.Helper()
	var all []string
	for _, s := range servers {
		got := s.Client().HGetAll(t.Context(), memberKey).Val()
		if got["format"] == "2" && got["memory"] == "" {
			t.Errorf("a record of format %s has memory %q", got["format"], got["memory"])
		}
		all = append(all, got["format"])
	}
	return strings.Join(all, " ")
}

// TestAnUpgradeOfOneProxyAfterTheOther: beside a new one the old one goes on, until
// a node forgets. That node it refuses, and says why.
func TestAnUpgradeOfOneProxyAfterTheOther(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	old := formerly(t, servers)
	began := time.Now()
	q := guarded(t, servers)
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
	if took := time.Since(began); took > foundingGrace {
		t.Errorf("the new proxy took %v, as if it were the first", took)
	}
	mustUnlock(t, q, mustLock(t, old, lockFor("a", short)))
	mustUnlock(t, old, mustLock(t, q, lockFor("a", short)))
	if got := formats(t, servers); got != "1 1 1" {
		t.Errorf("while the nodes remember they have the formats %s", got)
	}
	flush(t, servers[0])
	eventually(t, "the old proxy refuses the node", func() bool { return errors.Is(old.Nodes()[0].Down, errNewerFormat) })
	mustUnlock(t, q, mustLock(t, old, lockFor("a", short)))
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
	if got := formats(t, servers); got != "2 1 1" {
		t.Errorf("after a loss they have the formats %s", got)
	}
	flush(t, servers[1])
	eventually(t, "the old proxy refuses that one too", func() bool { return errors.Is(old.Nodes()[1].Down, errNewerFormat) })
	_, err := old.Lock(t.Context(), lockFor("a", short))
	if !errors.Is(err, ErrNoQuorum) || !strings.Contains(err.Error(), "upgrade this one") {
		t.Errorf("the old proxy locks on nodes that it does not know: %v", err)
	}
}

// TestAQuarantineOfTheFormerFormatBeginsAnew, as its record does not tell of which
// loss it is: an upgrade may come in the middle of one.
func TestAQuarantineOfTheFormerFormatBeginsAnew(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	old := formerly(t, servers)
	flush(t, servers[0])
	wantStates(t, old, StateQuarantined, StateAdmitted, StateAdmitted)
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := guarded(t, servers)
	began := time.Now()
	wantStates(t, q, StateQuarantined, StateAdmitted, StateAdmitted)
	if got := formats(t, servers); got != "2 1 1" {
		t.Errorf("they have the formats %s", got)
	}
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
	if took := time.Since(began); took < short-100*time.Millisecond {
		t.Errorf("it was over after %v", took)
	}
}

// TestAFirstStartOfTwoVersions ends with all nodes of one format, or with none that
// the older one would use.
func TestAFirstStartOfTwoVersions(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	r := soundRules()
	r.format = 1
	old, err := newQuorum(t.Context(), Options{Nodes: at(addresses(servers)...), FirstStart: FirstStartAuto, MaxTTL: short}, r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close(t.Context()) }()
	q := guarded(t, servers)
	wantStates(t, q, StateAdmitted, StateAdmitted, StateAdmitted)
	mustUnlock(t, q, mustLock(t, q, lockFor("a", short)))
	t.Logf("formats %s; the older one sees %+v", formats(t, servers), old.Nodes())
}

// TestARecordThatNoProxyWroteIsRefused, and left as it is.
func TestARecordThatNoProxyWroteIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, value string }{
		{"format", ""}, {"format", "0"}, {"format", "-1"}, {"format", "new"}, {"format", "1.5"}, {"ttl", ""}, {"ttl", "long"},
	} {
		t.Run(c.field+"="+c.value, func(t *testing.T) {
			t.Parallel()
			servers := redistest.Start(t, 3)
			q := guarded(t, servers)
			change := func() error { return servers[0].Client().HSet(t.Context(), memberKey, c.field, c.value).Err() }
			if c.value == "" {
				change = func() error { return servers[0].Client().HDel(t.Context(), memberKey, c.field).Err() }
			}
			if err := change(); err != nil {
				t.Fatal(err)
			}
			was := fmt.Sprint(servers[0].Client().HGetAll(t.Context(), memberKey).Val())
			eventually(t, "it is refused", func() bool { return errors.Is(q.Nodes()[0].Down, errNoFormat) })
			mustUnlock(t, q, mustLock(t, q, lockFor("a", short)))
			if now := fmt.Sprint(servers[0].Client().HGetAll(t.Context(), memberKey).Val()); now != was {
				t.Errorf("it was changed from %s to %s", was, now)
			}
			got := examined(t, Options{Nodes: at(addresses(servers)...), MaxTTL: short})
			wantFound(t, got, "unsafe n1 has a record in __redlock:member that no redlock-proxy wrote; delete it", "unsafe  3 nodes")
			servers[0].Client().Del(t.Context(), memberKey) // as the sentence says
			wantStates(t, q, StateQuarantined, StateAdmitted, StateAdmitted)
		})
	}
}

// swapped tells whether the record takes the place of the old one at a real node,
// and what is there then.
func swapped(t *testing.T, s *redistest.Server, ttl time.Duration, old, next *record) (bool, record) {
	t.Helper()
	scripts := newScripts()
	if err := s.Client().ScriptLoad(t.Context(), scripts.member.source).Err(); err != nil {
		t.Fatal(err)
	}
	reply, err := s.Client().Do(t.Context(), swapArgs(&scripts, ttl, memberFormat, old, next)...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	_, found, err := readLook(reply)
	if err != nil {
		t.Fatal(err)
	}
	return found.state == next.state && found.memory == next.memory, found
}

func TestASwapComparesAllThatIdentifiesARecord(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, 1)[0]
	old := record{format: 2, state: quarantined, run: "r", set: "s", nodes: 3, ttl: time.Second, memory: "m"}
	next := old
	next.state = admitted
	for _, change := range []func(*record){
		func(r *record) { r.format = 1 },
		func(r *record) { r.state = proposed },
		func(r *record) { r.run = "other" },
		func(r *record) { r.set = "other" },
		func(r *record) { r.generation = 1 },
		func(r *record) { r.memory = "other" },
	} {
		s.Client().Del(t.Context(), memberKey)
		if done, _ := swapped(t, s, 0, &record{}, &old); !done {
			t.Fatal("no record was written to a node without one")
		}
		seen := old
		change(&seen)
		if done, _ := swapped(t, s, 0, &seen, &next); done {
			t.Errorf("%+v was taken for %+v", old, seen)
		}
		if done, _ := swapped(t, s, 0, &old, &next); !done {
			t.Errorf("%+v was not known", old)
		}
	}
}

// TestANotedTTLNeverGoesDown by a swap of one who has not seen that it was raised.
func TestANotedTTLNeverGoesDown(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, 1)[0]
	r := record{format: 2, state: quarantined, run: "r", set: "s", nodes: 3, ttl: time.Minute, memory: "m"}
	next := r
	next.state, next.ttl = admitted, time.Second
	swapped(t, s, 0, &record{}, &r)
	if _, found := swapped(t, s, time.Second, &r, &next); found.state != admitted || found.ttl != time.Minute {
		t.Errorf("%s with ttl %v", found.state, found.ttl)
	}
	r, next = next, r
	if _, found := swapped(t, s, time.Hour, &r, &next); found.state != quarantined || found.ttl != time.Hour {
		t.Errorf("%s with ttl %v", found.state, found.ttl)
	}
}

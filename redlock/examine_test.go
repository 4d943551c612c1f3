package redlock

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// examined gives the findings as lines.
func examined(t *testing.T, o Options) []string {
	t.Helper()
	if o.NodeTimeout == 0 {
		o.NodeTimeout = time.Second
	}
	findings, err := Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range findings {
		all = append(all, fmt.Sprintf("%s %s %s", f.Level, f.Node, f.Text))
	}
	return all
}

// wantFound looks for findings that begin so, and for no other bad ones.
func wantFound(t *testing.T, got []string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) }) {
			t.Errorf("%q was not found", w)
		}
	}
	for _, g := range got {
		if !strings.HasPrefix(g, "ok ") && !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(g, w) }) {
			t.Errorf("%q was not expected", g)
		}
	}
	if t.Failed() {
		t.Logf("found:\n%s", strings.Join(got, "\n"))
	}
}

// dump is all that a node keeps.
func dump(t *testing.T, servers []*redistest.Server) string {
	t.Helper()
	var all []string
	for _, s := range servers {
		for _, key := range s.Client().Keys(t.Context(), "*").Val() {
			all = append(all, fmt.Sprintf("%s %s %q", s.Addr(), key, s.Client().Dump(t.Context(), key).Val()))
		}
		all = append(all, infoField(s.Client().Info(t.Context()).Val(), "number_of_cached_scripts"))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// TestExamineOnlyLooks, before the first start and after, also where it has
// something to find fault with.
func TestExamineOnlyLooks(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	o := Options{Nodes: at(addresses(servers)...), MaxTTL: time.Minute}
	before := dump(t, servers)
	wantFound(t, examined(t, o), "ok n1 no proxy has used it yet", "ok  3 nodes, 2 needed, 0 may vote now: safe")
	if after := dump(t, servers); after != before {
		t.Errorf("a first look changed\n%s\nto\n%s", before, after)
	}
	q := guarded(t, servers)
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	before = dump(t, servers)
	wantFound(t, examined(t, o), "ok n1 is a member and may vote", "ok n1 appendonly no", "ok  3 nodes, 2 needed, 3 may vote now: safe")
	o.MaxTTL = 10 * time.Minute // larger than what is noted
	examined(t, o)
	if after := dump(t, servers); after != before {
		t.Errorf("looking at members changed\n%s\nto\n%s", before, after)
	}
}

// TestExamineMembers: what records say that do not fit.
func TestExamineMembers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*redistest.Server, context.Context) error
		want   string
	}{
		{"forgot", func(s *redistest.Server, _ context.Context) error { return s.RestartEmpty() },
			"warn n1 has lost its memory; the first proxy that sees it lets it cast no votes for 1m"},
		{"restarted", set("run", "another"), "warn n1 has restarted since it was admitted; the first proxy that sees it lets it cast no votes for 1m"},
		{"other", set("set", "0"), "unsafe n1 belongs to another quorum"},
		{"size", set("nodes", 5), "unsafe n1 belongs to a quorum of 5 nodes, and 3 are named here"},
		{"newer", set("format", memberFormat+1), "unsafe n1 a newer version of redlock-proxy has left its record here"},
		{"quarantined", set("state", quarantined), "warn n1 may have forgotten locks and casts no votes, for 1m"},
		{"proposed", set("state", proposed), "warn n1 a first start is under way"},
		{"longer", set("ttl", 3600000), "warn n1 a proxy allows ttls of up to 1h0m0s, and --max-ttl=1m0s here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			servers := redistest.Start(t, 3)
			o := Options{Nodes: at(addresses(servers)...), MaxTTL: time.Minute}
			q := guarded(t, servers)
			if err := q.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.change(servers[0], t.Context()); err != nil {
				t.Fatal(err)
			}
			got := examined(t, o)
			want := []string{c.want}
			if strings.HasPrefix(c.want, "unsafe") {
				want = append(want, "unsafe  3 nodes, 2 needed, 2 may vote now: not safe, 1 to mend")
			}
			wantFound(t, got, want...)
		})
	}
}

func set(field string, value any) func(*redistest.Server, context.Context) error {
	return func(s *redistest.Server, ctx context.Context) error {
		return s.Client().HSet(ctx, memberKey, field, value).Err()
	}
}

// TestExamineStrangers: a member that was left behind, and a node that takes
// another's place.
func TestExamineStrangers(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 4)
	guarded(t, servers[:3])
	nodes := at(addresses(servers)...)
	got := examined(t, Options{Nodes: []Node{nodes[0], nodes[1], nodes[3]}, MaxTTL: short})
	wantFound(t, got, "unsafe n4 is no member of the others' quorum", "unsafe  3 nodes, 2 needed, 2 may vote now: not safe, 1 to mend")
	for _, s := range servers[1:3] {
		if err := s.Client().HSet(t.Context(), memberKey, "generation", 1).Err(); err != nil {
			t.Fatal(err)
		}
	}
	got = examined(t, Options{Nodes: nodes[:3], MaxTTL: short})
	wantFound(t, got, "unsafe n1 was replaced by another node", "unsafe  3 nodes, 2 needed, 2 may vote now")
}

// TestExamineServers: what servers are not fit.
func TestExamineServers(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 5)
	host, port, _ := strings.Cut(servers[4].Addr(), ":")
	if err := servers[0].Client().ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"maxmemory-policy": "allkeys-lru", "maxmemory": "100mb"} {
		if err := servers[1].Client().ConfigSet(t.Context(), key, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := servers[2].Client().ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	servers[3].Kill()
	nodes := at(addresses(servers[:4])...)
	nodes = append(nodes, named4("localhost:"+strings.Split(servers[1].Addr(), ":")[1], "twin"), named4(servers[4].Addr(), "n6"))
	cluster := redistest.Start(t, 1, "--cluster-enabled", "yes", "--cluster-config-file", t.TempDir()+"/nodes.conf")
	nodes = append(nodes, named4(cluster[0].Addr(), "slots"))
	wantFound(t, examined(t, Options{Nodes: nodes[:6]}),
		"unsafe n1 is a replica", "unsafe n2 maxmemory-policy is allkeys-lru, and evicts locks", "warn n3 maxmemory-policy is allkeys-lru, and would evict",
		"unsafe n4 does not answer, so that nothing can be said of it: ", "unsafe twin is the same server as n2", "unsafe twin maxmemory-policy",
		"warn  6 nodes survive no more failures than 5", "unsafe  6 nodes, 4 needed, 0 may vote now: not safe, 5 to mend")
	wantFound(t, examined(t, Options{Nodes: nodes[6:]}), "unsafe slots is a cluster node", "warn  one node is no quorum", "unsafe  1 node, 1 needed")
}

// TestExamineRights: what the proxies' user lacks, and what that costs.
func TestExamineRights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lacks, want string }{
		{"-publish", "warn n1 may not use PUBLISH to __redlock:*: locks released through another proxy are found by polling"},
		{"resetchannels", "warn n1 may not use PUBLISH to __redlock:*, SUBSCRIBE to __redlock:*: locks"},
		{"-client", "warn n1 may not use CLIENT ID, CLIENT KILL: after a time-out a key may stay until its ttl"},
		{"-set", "warn n1 may not use SET: no lock can be taken"},
		{"-script", "warn n1 may not use SCRIPT LOAD: no lock can be taken"},
		{"-evalsha", "warn n1 may not use EVALSHA: no lock can be taken"},
		{"-del", "warn n1 may not use DEL: no lock can be taken"},
		{"-info", "unsafe n1 may not use INFO: that this node restarted"},
		{"-hset -hgetall", "unsafe n1 may not use HGETALL on __redlock:member, HSET on __redlock:member: that this node"},
		{"-pttl", "warn n1 may not use PTTL"},
		{"+@all", "ok n1 no proxy has used it yet"},
	} {
		t.Run(c.lacks, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--user", "px", "on", ">pw-secret", "~*", "&*", "+@all"}, strings.Fields(c.lacks)...)
			s := redistest.Start(t, 1, args...)[0]
			n := Node{Name: "n1", Options: &redis.Options{Addr: s.Addr(), Username: "px", Password: "pw-secret"}}
			got := examined(t, Options{Nodes: []Node{n}})
			want := []string{c.want, "warn  one node is no quorum"}
			if strings.HasPrefix(c.want, "unsafe") {
				want = append(want, "unsafe  1 node")
			}
			wantFound(t, got, want...)
			n.Options.Password = "pw-wrong"
			got = examined(t, Options{Nodes: []Node{n}})
			wantFound(t, got, "unsafe n1 does not answer, so that nothing can be said of it: WRONGPASS", "warn  one node", "unsafe  1 node")
			if all := strings.Join(got, "\n"); strings.Contains(all, "pw-") {
				t.Errorf("a password is shown:\n%s", all)
			}
		})
	}
}

// TestExamineClocks: of nodes, whatever ours says.
func TestExamineClocks(t *testing.T) {
	t.Parallel()
	e := &examination{options: Options{MaxTTL: 8 * time.Minute}}
	for i, ahead := range []time.Duration{time.Hour, time.Hour + 30*time.Second, time.Hour - 31*time.Second} {
		e.visits = append(e.visits, &visit{name: fmt.Sprintf("n%d", i+1), clock: true, offset: ahead})
	}
	e.clocks()
	if len(e.findings) != 1 || e.findings[0].Level != LevelWarn || !strings.HasPrefix(e.findings[0].Text, "its clock is 1m1s ahead of that of n3; ") {
		t.Errorf("found %+v", e.findings)
	}
	e.findings, e.visits = nil, e.visits[:2]
	if e.clocks(); len(e.findings) != 0 {
		t.Errorf("found %+v", e.findings)
	}
}

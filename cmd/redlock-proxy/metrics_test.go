package main

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// series are what one scrape gave, by name and labels.
type series map[string]float64

// scene is a proxy on real nodes whose metrics are watched.
type scene struct {
	*testing.T
	*running
	servers []*redistest.Server
	admin   adminAddress
	open    []*client
	// moved has every name there was, and every series without its node: whether it
	// was ever another value than 0.
	moved map[string]bool
}

// hidden is in everything that must not be shown: tokens, passwords, resources.
const hidden = "hidden-"

func newScene(t *testing.T) *scene {
	servers := redistest.Start(t, 3)
	r, a := startAdmin(t, append(nodeFlags(servers),
		"--first-start=force", "--max-ttl=60s", "--max-block=60s", "--node-timeout=1s", "--drain-timeout=20s",
		"--max-waiters=1", "--max-clients=10", "--requirepass=hidden-password", "--admin-password=hidden-admin")...)
	a.password = "hidden-admin"
	return &scene{T: t, running: r, servers: servers, admin: a, moved: map[string]bool{}}
}

// scrape reads /metrics, and looks for what must not be in it.
func (s *scene) scrape() series {
	s.Helper()
	status, text := s.admin.get(s.T, "/metrics")
	if status != 200 {
		s.Fatalf("/metrics: %d %s", status, text)
	}
	if strings.Contains(text, hidden) || strings.Contains(text, "pw-secret") {
		s.Fatalf("/metrics shows a token, a password or a resource:\n%s", text)
	}
	all := series{}
	for _, l := range lines(text) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		i := strings.LastIndex(l, " ")
		v, err := strconv.ParseFloat(l[i+1:], 64)
		if err != nil {
			s.Fatalf("/metrics: %q", l)
		}
		all[l[:i]] = v
		for _, name := range []string{metricOf(l[:i]), nodeLabel.ReplaceAllString(l[:i], "{")} {
			s.moved[name] = s.moved[name] || v != 0
		}
	}
	return all
}

var nodeLabel = regexp.MustCompile(`\{node="[^"]*",?`)

// metricOf is the name without labels, and without what histograms add.
func metricOf(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
}

// await waits until a series, without redlock_proxy_ in front, has a value.
func (s *scene) await(name string, want float64) {
	s.Helper()
	s.awaitThat(name, func(v float64) bool { return v == want })
}

func (s *scene) awaitThat(name string, isSo func(float64) bool) {
	s.Helper()
	eventually(s.T, "value of "+name, func() bool {
		v, there := s.scrape()["redlock_proxy_"+name]
		return there && isSo(v)
	})
}

func positive(v float64) bool { return v > 0 }

// client is one that has logged in.
func (s *scene) client() *client {
	s.Helper()
	c := connect(s.T, s.running)
	s.want(c.do("AUTH hidden-password"), "+OK")
	s.open = append(s.open, c)
	return c
}

func (s *scene) want(got, prefix string) {
	s.Helper()
	if !strings.HasPrefix(got, prefix) {
		s.Fatalf("answered %q, want %q", got, prefix)
	}
}

// node is a node's series.
func (s *scene) node(i int, name, more string) string {
	return "node_" + name + `{node="` + s.servers[i].Addr() + `"` + more + "}"
}

// TestEveryMetricFollowsWhatHappens makes each of them move by what it is about.
func TestEveryMetricFollowsWhatHappens(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, happens := range []func(){
		s.outcomes, s.waiting, s.holding, s.refusals, s.resets, s.aNodeThatStandsStill, s.aNodeThatRestarts, s.noQuorum, s.leaving,
	} {
		happens()
		for _, c := range s.open {
			_ = c.conn.Close()
		}
		s.open = nil
	}
	for name, moved := range s.moved {
		const unread = "redlock_proxy_unread_replies_total" // has its own test
		if !moved && strings.HasPrefix(name, "redlock_proxy_") && !strings.Contains(name, "{") && name != unread {
			t.Errorf("%s was always 0", name)
		}
	}
	for _, r := range required {
		for _, value := range strings.Fields(r.values) {
			name := "redlock_proxy_" + r.name + "{" + r.label + `="` + value + `"}`
			if moved, there := s.moved[name]; !moved {
				t.Errorf("%s is there: %v, and was always 0", name, there)
			}
		}
	}
}

// required are the labels that must be there, and move. Others have tests of their
// own: TOOLATE, more limits, nodes that wait or are refused.
var required = []struct{ name, label, values string }{
	{"operations_total", `operation="lock",outcome`, "granted held no_quorum cancelled limit"},
	{"operations_total", `operation="extend",outcome`, "extended not_held no_quorum"},
	{"operations_total", `operation="unlock",outcome`, "released not_held no_quorum"},
	{"operations_total", `operation="auto_extend",outcome`, "extended not_held no_quorum"},
	{"lost_locks_total", "reason", "not_held no_quorum max_hold forced"},
	{"node_requests_total", "outcome", "yes no unanswered not_asked"},
	{"node_state", "state", "admitted quarantined down"},
	{"commands_total", "command", "lock trylock extend unlock forceunlock auth"},
	{"commands_rejected_total", "command", "lock"},
	{"commands_failed_total", "command", "lock extend unlock"},
	{"error_replies_total", "code", "ERR WRONGPASS NOQUORUM LIMIT"},
	{"limit_hits_total", "limit", "max_waiters"},
	{"access_denied_total", "reason", "auth"},
}

func (s *scene) outcomes() {
	s.Helper()
	c := s.client()
	for _, step := range []struct{ command, answer, operation, outcome string }{
		{"LOCK hidden-a 60000 TOKEN hidden-token", "*2", "lock", "granted"},
		{"TRYLOCK hidden-a 60000", "*-1", "lock", "held"},
		{"EXTEND hidden-a hidden-token 60000", ":5", "extend", "extended"},
		{"EXTEND hidden-a hidden-other 60000", ":0", "extend", "not_held"},
		{"UNLOCK hidden-a hidden-token", ":1", "unlock", "released"},
		{"UNLOCK hidden-a hidden-token", ":0", "unlock", "not_held"},
	} {
		s.want(c.do(step.command), step.answer)
		s.await(`operations_total{operation="`+step.operation+`",outcome="`+step.outcome+`"}`, 1)
	}
	got := s.scrape()
	for name, want := range map[string]float64{
		`commands_total{command="lock"}`: 1, `commands_total{command="trylock"}`: 1, `commands_total{command="unlock"}`: 2,
		"lock_grant_seconds_count": 1, "lock_validity_seconds_count": 1, `lock_validity_seconds_bucket{le="60"}`: 1,
		"lock_wait_seconds_count": 0, "quorum_nodes": 3, "quorum_nodes_needed": 2, "connections": 1,
	} {
		if v, there := got["redlock_proxy_"+name]; !there || v != want {
			s.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	// Three holders on three nodes: nobody can win.
	for i, server := range s.servers {
		if err := server.Client().Set(s.Context(), "hidden-split", i, 0).Err(); err != nil {
			s.Fatal(err)
		}
	}
	s.want(c.do("LOCK hidden-split 60000"), "*-1")
	s.awaitThat("split_votes_total", positive)
	// Who wants no reply holds nothing.
	c.send("CLIENT REPLY SKIP")
	c.send("LOCK hidden-unheard 60000")
	s.await("undone_grants_total", 1)
}

func (s *scene) waiting() {
	s.Helper()
	holder, waiter, third := s.client(), s.client(), s.client()
	s.want(holder.do("LOCK hidden-b 60000 TOKEN hidden-token"), "*2")
	waiter.send("LOCK hidden-b 60000 BLOCK 60000")
	s.await("waiting_locks", 1)
	s.want(third.do("LOCK hidden-b 60000 BLOCK 60000"), "-LIMIT")
	s.await(`limit_hits_total{limit="max_waiters"}`, 1)
	s.await(`operations_total{operation="lock",outcome="limit"}`, 1)
	s.want(holder.do("UNLOCK hidden-b hidden-token"), ":1")
	s.want(waiter.answer(), "*2")
	s.await("waiting_locks", 0)
	s.await("lock_wait_seconds_count", 1)
	third.send("LOCK hidden-b 60000 BLOCK 60000")
	s.await("waiting_locks", 1)
	_ = third.conn.Close()
	s.await(`operations_total{operation="lock",outcome="cancelled"}`, 1)
	s.await("waiting_locks", 0)
}

func (s *scene) holding() {
	s.Helper()
	c := s.client()
	s.want(c.do("LOCK hidden-c 3000 TOKEN hidden-token AUTOEXTEND"), "*2")
	s.await("held_locks", 1)
	s.awaitThat(`operations_total{operation="auto_extend",outcome="extended"}`, positive)
	info := cli(s.T, "-p", s.port(), "--no-auth-warning", "-a", "hidden-password", "INFO", "redlock")
	if !strings.Contains(info, "\r\nheld_locks:1\r\nwaiting_locks:0\r\n") {
		s.Errorf("INFO redlock has no held_locks:1 and waiting_locks:0:\n%s", info)
	}
	for _, server := range s.servers {
		if err := server.Client().Del(s.Context(), "hidden-c").Err(); err != nil {
			s.Fatal(err)
		}
	}
	s.await(`lost_locks_total{reason="not_held"}`, 1)
	s.await("held_locks", 0)
	longest, forced, admin := s.client(), s.client(), s.client()
	s.want(longest.do("LOCK hidden-c 500 AUTOEXTEND MAXHOLD 500"), "*2")
	s.await(`lost_locks_total{reason="max_hold"}`, 1)
	s.want(forced.do("LOCK hidden-h 60000 AUTOEXTEND"), "*2")
	s.want(admin.do("FORCEUNLOCK hidden-h"), ":1")
	s.await(`lost_locks_total{reason="forced"}`, 1)
	s.await("held_locks", 0)
}

func (s *scene) refusals() {
	s.Helper()
	c := s.client()
	const failed = `commands_failed_total{command="lock"}`
	before := s.scrape()["redlock_proxy_"+failed]
	s.want(c.do("LOCK hidden-d 61000"), "-ERR ttl")
	s.await(failed, before+1)
	s.want(c.do("LOCK hidden-d"), "-ERR wrong number")
	s.await(`commands_rejected_total{command="lock"}`, 1)
	s.awaitThat(`error_replies_total{code="ERR"}`, func(v float64) bool { return v >= 2 })
	s.want(c.do("AUTH hidden-wrong"), "-WRONGPASS")
	s.await(`access_denied_total{reason="auth"}`, 1)
	c.send("*1\r\n$x")
	s.want(c.answer(), "-ERR Protocol error")
	s.await("protocol_errors_total", 1)
	var crowd []*client
	for range 11 {
		crowd = append(crowd, connect(s.T, s.running))
	}
	s.awaitThat("connections_rejected_total", positive)
	for _, c := range crowd {
		_ = c.conn.Close()
	}
	s.awaitThat("connections", func(v float64) bool { return v < 9 })
}

// resets: CONFIG RESETSTAT is for INFO, and a counter of Prometheus never goes back.
func (s *scene) resets() {
	s.Helper()
	c := s.client()
	before := s.scrape()
	s.want(c.do("CONFIG RESETSTAT"), "+OK")
	after := s.scrape()
	for name, was := range before {
		if strings.Contains(name, "_total") && after[name] < was {
			s.Errorf("CONFIG RESETSTAT took %s back from %v", name, was)
		}
	}
	info := cli(s.T, "-p", s.port(), "--no-auth-warning", "-a", "hidden-password", "INFO", "commandstats", "errorstats")
	if strings.Contains(info, "cmdstat_lock") || strings.Contains(info, "errorstat_") {
		s.Errorf("INFO does not count from zero: %s", info)
	}
}

// aNodeThatStandsStill delays nobody, is not answered, and owed releases. It may
// be found down by looks alone, with nothing sent to it; then it has to stand
// still again.
func (s *scene) aNodeThatStandsStill() {
	s.Helper()
	c := s.client()
	unseen := map[string]bool{}
	for _, name := range []string{"queued_requests", "queue_seconds", "owed_releases"} {
		unseen["redlock_proxy_"+s.node(2, name, "")] = true
	}
	unseen["redlock_proxy_"+s.node(2, "requests_total", `,outcome="unanswered"`)] = true
	for range 10 {
		s.servers[2].Pause()
		for range 2 { // the second waits for the first to be given up
			s.want(c.do("LOCK hidden-e 60000 TOKEN hidden-token"), "*2")
			s.want(c.do("UNLOCK hidden-e hidden-token"), ":1")
		}
		eventually(s.T, "end of a node", func() bool {
			all := s.scrape()
			maps.DeleteFunc(unseen, func(name string, _ bool) bool { return all[name] > 0 })
			return all["redlock_proxy_"+s.node(2, "up", "")] == 0
		})
		s.servers[2].Resume()
		s.await(s.node(2, "owed_releases", ""), 0)
		s.await("quorum_nodes_voting", 3)
		if len(unseen) == 0 {
			return
		}
	}
	s.Fatalf("a node stood still ten times, and these did not move: %v", slices.Sorted(maps.Keys(unseen)))
}

func (s *scene) aNodeThatRestarts() {
	s.Helper()
	c := s.client()
	s.servers[0].Kill()
	s.await(s.node(0, "up", ""), 0)
	s.await(s.node(0, "state", `,state="down"`), 1)
	s.await("quorum_nodes_voting", 2)
	s.want(c.do("LOCK hidden-f 60000"), "*2")
	s.awaitThat(s.node(0, "requests_total", `,outcome="not_asked"`), positive)
	if err := s.servers[0].RestartEmpty(); err != nil {
		s.Fatal(err)
	}
	s.await(s.node(0, "state", `,state="quarantined"`), 1)
	s.awaitThat(s.node(0, "quarantine_seconds", ""), func(v float64) bool { return v > 0 && v < 62 })
	s.await(s.node(0, "up", ""), 1)
	s.await("ready", 1)
}

func (s *scene) noQuorum() {
	s.Helper()
	c, holder := s.client(), s.client()
	s.want(c.do("LOCK hidden-i 60000 TOKEN hidden-token"), "*2")
	s.want(holder.do("LOCK hidden-h 2000 AUTOEXTEND"), "*2")
	s.servers[0].Kill()
	s.servers[1].Kill()
	s.want(c.do("LOCK hidden-g 60000"), "-NOQUORUM")
	s.want(c.do("EXTEND hidden-i hidden-token 60000"), "-NOQUORUM")
	s.want(c.do("UNLOCK hidden-i hidden-token"), "-NOQUORUM")
	s.await(`lost_locks_total{reason="no_quorum"}`, 1)
	s.awaitThat(`operations_total{operation="lock",outcome="no_quorum"}`, positive)
	s.awaitThat(`error_replies_total{code="NOQUORUM"}`, positive)
	s.await("ready", 0)
}

func (s *scene) leaving() {
	s.Helper()
	c := s.client()
	s.stop()
	s.await("draining", 1)
	_ = c.conn.Close()
}

// newCalmScene has nodes that stay, and takes what flags it needs.
func newCalmScene(t *testing.T, args ...string) *scene {
	t.Helper()
	r, a := startAdmin(t, append([]string{"--max-block=60s", "--drain-timeout=20s"}, args...)...)
	return &scene{T: t, running: r, admin: a, moved: map[string]bool{}}
}

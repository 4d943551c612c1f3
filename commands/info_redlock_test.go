package commands_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/redlock"
)

// infoOf gives the fields of INFO redlock.
func (c *caller) infoOf() map[string]string {
	c.t.Helper()
	fields := map[string]string{}
	for line := range strings.Lines(c.info("redlock")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[name] = value
	}
	return fields
}

// eventually polls INFO redlock until the fields match.
func (c *caller) eventually(want map[string]string) {
	c.t.Helper()
	var got map[string]string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got = c.infoOf()
		all := true
		for name, pattern := range want {
			all = all && regexp.MustCompile("^("+pattern+")$").MatchString(got[name])
		}
		if all {
			return
		}
	}
	c.t.Fatalf("INFO never had %q: %q", want, got)
}

// TestInfoTellsWhenTheNextNodeMayRestart: each node's state, and nobody may be
// next while one of them does not vote.
func TestInfoTellsWhenTheNextNodeMayRestart(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	var nodes []redlock.Node
	for i, s := range servers {
		nodes = append(nodes, redlock.Node{Name: fmt.Sprintf("node-%d", i), Options: &redis.Options{Addr: s.Addr()}})
	}
	c := newCallerOver(t, "", nodes)
	c.eventually(map[string]string{
		"nodes": "3", "quorum_needed": "2", "nodes_voting": "3", "next_restart_safe": "yes",
		"node0": "name=node-0,state=up,vote=admitted", "node2": "name=node-2,state=up,vote=admitted",
	})
	if err := servers[0].RestartEmpty(); err != nil {
		t.Fatal(err)
	}
	c.eventually(map[string]string{
		"nodes_voting": "2", "next_restart_safe": "no",
		// no commas and no lines in the reason
		"node0": `name=node-0,state=up,vote=quarantined,quarantined_left=(29\d|30\d),reason=no votes for 5m[^,]*; as it may have forgotten locks[^,]*`,
		"node1": "name=node-1,state=up,vote=admitted",
	})
	servers[1].Kill()
	c.eventually(map[string]string{
		"nodes_voting": "1", "next_restart_safe": "no", "node1": "name=node-1,state=down,reason=[^,]+",
	})
}

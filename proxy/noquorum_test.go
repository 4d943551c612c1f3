package proxy_test

import (
	"strings"
	"testing"
)

func TestWithoutAMajorityOfNodesTheReplySaysWhich(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	c.send(command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	c.wantGrant("tok-a", 60000)
	f.nodes[0].redis.Close()
	f.nodes[2].redis.Close()
	for range 5 {
		for _, args := range []string{"LOCK b 60000 TOKEN tok-b", "LOCK b 60000", "TRYLOCK b 60000", "EXTEND a tok-a 60000", "UNLOCK a tok-x"} {
			c.send(args + "\r\n")
			line := c.line()
			if !strings.HasPrefix(line, "-NOQUORUM 1 of 3 nodes answered, 2 needed: node-0: ") || !strings.Contains(line, "; node-2: ") {
				t.Errorf("%s: got %q, want NOQUORUM with the nodes that are away", args, line)
			}
			if len(line) > 512 || secret.MatchString(line) {
				t.Errorf("%s: got %q, want at most 512 bytes and no token", args, line)
			}
		}
	}
	eventually(t, "a word on both nodes in the log", func() bool {
		return strings.Count(f.log.String(), "node is down") == 2
	})
	c.send("INFO redlock\r\n")
	if text := c.text('$'); !strings.Contains(text, "node0:name=node-0,state=down,reason=") || !strings.Contains(text, "node1:name=node-1,state=up") {
		t.Errorf("INFO does not tell which node is down:\n%s", text)
	}
	f.settle()
	if f.nodes[1].redis.Exists("b") {
		t.Error("a lock that was not granted is left on the node that is there")
	}
}

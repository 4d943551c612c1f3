package commands_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"

	"redlock-proxy/commands"
)

func (c *caller) info(sections ...string) string {
	c.t.Helper()
	return string(c.call(append([]string{"INFO"}, sections...)...).(commands.Verbatim))
}

func TestInfoCountsCommandsAndErrors(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.call("PING")
	c.call("PING")
	c.call("PING", "a", "b", "c")
	c.call("CLIENT", "KILL", "nobody")
	c.call("LOCK", "a")
	c.call("NOSUCH")
	c.grant("LOCK a 60000")
	stats := c.info("COMMANDSTATS", "errorstats", "stats")
	for _, want := range []string{
		"cmdstat_ping:calls=3,", "cmdstat_lock:calls=1,", ",rejected_calls=1,failed_calls=0\r\n", "cmdstat_client|kill:calls=1,",
		",rejected_calls=0,failed_calls=1\r\n", "errorstat_ERR:count=4\r\n", "total_commands_processed:5\r\n", "total_error_replies:4\r\n", "total_connections_received:1\r\n",
	} {
		if !strings.Contains(stats, want) {
			t.Errorf("INFO lacks %q:\n%s", want, stats)
		}
	}
	if text := c.info(); strings.Contains(text, "# Commandstats") || !strings.Contains(text, "# Errorstats") {
		t.Errorf("the sections shown unasked are not those of Redis:\n%s", text)
	}
	if text := c.info("everything"); !strings.Contains(text, "# Commandstats") || !strings.Contains(text, "# Memory\r\nused_memory:") {
		t.Errorf("INFO everything lacks sections:\n%s", text)
	}
	c.want("CONFIG RESETSTAT", okay)
	if text := c.info("stats", "commandstats", "errorstats"); !strings.Contains(text, "total_error_replies:0\r\n") || strings.Contains(text, "cmdstat_ping") || strings.Contains(text, "errorstat_") {
		t.Errorf("not from zero after CONFIG RESETSTAT:\n%s", text)
	}
}

func TestTheSlowLogKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "pass-right")
	c.table.GuessDelay = 150 * time.Millisecond
	c.wait = true
	c.want("AUTH default pass-wrong", wrongPass) // is held, which is not slowness
	c.want("AUTH pass-right", okay)
	c.want("SLOWLOG LEN", commands.Integer(0))
	for _, n := range c.nodes {
		n.Server().SetPreHook(func(_ *server.Peer, name string, _ ...string) bool {
			if strings.HasPrefix(name, "EVAL") {
				time.Sleep(120 * time.Millisecond) // a slow node
			}
			return false
		})
	}
	c.grant("LOCK jobs:1 60000 TOKEN tok-secret")
	c.grant("EXTEND jobs:1 tok-secret 60000")
	all := c.call("SLOWLOG", "GET").(commands.Array)
	text := fmt.Sprint(all)
	if len(all) != 2 || strings.Contains(text, "tok-") || strings.Contains(text, "pass-") {
		t.Errorf("SLOWLOG GET: %s", text)
	}
	for _, want := range []string{"[lock jobs:1 ... (3 more arguments)]", "[extend jobs:1 ... (2 more arguments)]", "127.0.0.1:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("SLOWLOG GET lacks %q: %s", want, text)
		}
	}
	if first := c.call("SLOWLOG", "GET", "1").(commands.Array); len(first) != 1 || first[0].(commands.Array)[0] != commands.Integer(1) {
		t.Errorf("SLOWLOG GET 1 is not the newest: %v", first)
	}
	c.want("SLOWLOG RESET", okay)
	c.want("SLOWLOG LEN", commands.Integer(0))
}

func TestPauseHoldsLocksBackAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.grant("LOCK a 60000 TOKEN tok-a")
	c.onHold = func() { c.want("CLIENT UNPAUSE", okay) } // by another, as it were
	for _, tt := range []struct {
		pause, line string
		held        bool
	}{
		{"CLIENT PAUSE 3600000 WRITE", "LOCK b 60000 TOKEN tok-b", true},
		{"CLIENT PAUSE 3600000 WRITE", "TRYLOCK b 60000 TOKEN tok-b", true},
		{"CLIENT PAUSE 3600000 WRITE", "EXTEND a tok-a 60000", false},
		{"CLIENT PAUSE 3600000 WRITE", "UNLOCK b tok-b", false},
		{"CLIENT PAUSE 3600000 WRITE", "PING", false},
		{"CLIENT PAUSE 3600000 WRITE", "CLIENT ID", false},
		{"CLIENT PAUSE 3600000 ALL", "LOCK b 60000 TOKEN tok-b", true},
		{"CLIENT PAUSE 3600000", "EXTEND a tok-a 60000", true},
		{"CLIENT PAUSE 3600000", "UNLOCK b tok-b", true},
		{"CLIENT PAUSE 3600000", "PING", false},
		{"CLIENT PAUSE 0", "LOCK b 60000 TOKEN tok-b", false},
	} {
		c.want("CLIENT UNPAUSE", okay)
		c.want(tt.pause, okay)
		c.held = nil
		c.call(strings.Split(tt.line, " ")...)
		if got := len(c.held) > 0; got != tt.held {
			t.Errorf("%s: %s was held: %v", tt.pause, tt.line, c.held)
		}
	}
	c.want("CLIENT UNPAUSE", okay)
	c.want("CLIENT PAUSE 3600000 ALL", okay)
	c.want("CLIENT PAUSE 1 WRITE", okay) // a weaker one does not cut it short
	c.held = nil
	c.call("UNLOCK", "a", "tok-a")
	if len(c.held) != 1 || c.held[0] < time.Minute {
		t.Errorf("a second, weaker pause counts: held %v", c.held)
	}
}

// A drain can not wait for the end of a pause.
func TestLeavingEndsAPause(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.want("CLIENT PAUSE 3600000", okay)
	held := make(chan struct{})
	c.wait, c.onHold = true, func() { close(held) }
	done := make(chan commands.Reply, 1)
	go func() { done <- c.call("LOCK", "a", "60000") }()
	<-held
	c.table.Leave()
	select {
	case r := <-done:
		if e, is := r.(commands.Error); !is || !strings.HasPrefix(string(e), "LEAVING ") {
			t.Errorf("a LOCK that was held by a pause when the proxy left got %v", r)
		}
	case <-time.After(patience):
		t.Error("leaving does not end the pause")
	}
	c.wantNoKeys()
}

// A pipeline of MULTI, LOCK and EXEC fails for the client; so it must hold
// nothing.
func TestWhatStandsBehindMultiIsNotRun(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	multi := commands.Error("ERR unknown command 'MULTI': this is redlock-proxy, which has no transactions; send the commands in a plain pipeline; see COMMAND LIST for what it has")
	behind := commands.Error("ERR not run: it was sent behind MULTI, and redlock-proxy has no transactions; send the commands in a plain pipeline")
	c.read = 7
	c.want("MULTI", multi)
	c.want("LOCK a 60000", behind)
	c.want("PING", behind)
	c.want("EXEC", commands.Error("EXECABORT Transaction discarded because of previous errors."))
	c.want("PING", commands.Simple("PONG"))
	c.want("EXEC", commands.Error("ERR EXEC without MULTI"))
	c.want("MULTI", multi)
	c.want("DISCARD", okay)
	c.want("MULTI", multi)
	c.read = 8 // it has had the error to read
	c.grant("LOCK b 60000 TOKEN tok-b")
	c.want("UNLOCK b tok-b", commands.Integer(1))
	c.wantNoKeys()
}

func TestRepliesThatAreNotWanted(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	none := commands.Several{}
	c.want("CLIENT REPLY OFF", none)
	c.want("PING", none)
	c.want("LOCK a 60000 TOKEN tok-a", none)
	c.want("NOSUCH", none)
	c.want("CLIENT REPLY ON", okay)
	c.want("CLIENT REPLY SKIP", none)
	c.want("LOCK b 60000", none)
	c.want("PING", commands.Simple("PONG"))
	c.wantNoKeys() // a lock that nobody was told of is not held
}

func TestClientListAndKill(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.call("CLIENT", "SETNAME", "me")
	for i := range 3 {
		s := &commands.Session{}
		c.table.Begin(s, uint64(10+i), fmt.Sprintf("127.0.0.1:%d", 1000+i), "127.0.0.1:2")
		c.others = append(c.others, s)
	}
	me := c.session
	c.session = c.others[2]
	c.call("SUBSCRIBE", "x")
	c.session = me
	list := string(c.call("CLIENT", "LIST").(commands.Verbatim))
	if lines := strings.Split(list, "\n"); len(lines) != 5 || !strings.Contains(lines[0], " name=me ") || !strings.Contains(lines[0], " cmd=client|list ") || !strings.Contains(lines[3], " flags=P ") {
		t.Errorf("CLIENT LIST:\n%s", list)
	}
	if got := string(c.call("CLIENT", "LIST", "ID", "11", "12").(commands.Verbatim)); strings.Count(got, "\n") != 2 {
		t.Errorf("CLIENT LIST ID 11 12:\n%s", got)
	}
	c.want("CLIENT KILL TYPE pubsub", commands.Integer(1))
	c.want("CLIENT KILL ADDR 127.0.0.1:1000 ID 11", commands.Integer(0))
	c.want("CLIENT KILL ID 11", commands.Integer(1))
	c.want("CLIENT KILL 127.0.0.1:1000", okay)
	c.want("CLIENT KILL MAXAGE 3600", commands.Integer(0))
	if got := fmt.Sprint(c.ended); got != "[12 11 10]" {
		t.Errorf("ended %s", got)
	}
	c.want("CLIENT KILL LADDR 127.0.0.1:2", commands.Integer(3))
	if c.session.Ended {
		t.Error("CLIENT KILL ended its caller, who is skipped unless SKIPME no")
	}
	c.want("CLIENT KILL USER default SKIPME no", commands.Integer(4))
	if !c.session.Ended {
		t.Error("CLIENT KILL SKIPME no spared its caller")
	}
}

func TestConfigGetShowsNoSecrets(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "pass-right")
	c.want("AUTH pass-right", okay)
	c.table.Settings = map[string]string{"max-ttl": "5m0s"}
	c.want("CONFIG GET MAX-TT? databases", commands.Map{commands.Bulk("max-ttl"), commands.Bulk("5m0s"), commands.Bulk("databases"), commands.Bulk("1")})
	if all := fmt.Sprint(c.call("CONFIG", "GET", "*")); strings.Contains(all, "pass") || !strings.Contains(all, "maxclients 10") {
		t.Errorf("CONFIG GET *: %s", all)
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	limit := commands.Error("LIMIT at most 256 subscriptions of 16384 bytes together for a connection")
	for i := range 256 {
		c.call("SUBSCRIBE", fmt.Sprintf("channel-%d", i))
	}
	c.want("PSUBSCRIBE one-more", limit)
	c.call("UNSUBSCRIBE", "channel-0")
	if got := c.call("PSUBSCRIBE", "one-more"); got == limit {
		t.Error("an ended subscription still counts")
	}
	c.call("RESET")
	c.want("PING", commands.Simple("PONG"))
}

func TestAPauseEndsForAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.want("CLIENT PAUSE 3600000", okay)
	ctx, hangUp := context.WithCancel(t.Context())
	c.ctx, c.wait = ctx, true
	done := make(chan commands.Reply, 1)
	go func() { done <- c.call("LOCK", "a", "60000") }()
	hangUp()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("a client that has gone is still held")
	}
	c.wantNoKeys()
}

func TestSubscriptionsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	name := strings.Repeat("n", 6000)
	for i := range 2 {
		c.call("SUBSCRIBE", fmt.Sprint(name, i))
		c.call("SUBSCRIBE", fmt.Sprint(name, i)) // once more takes no room
	}
	if got, is := c.call("SUBSCRIBE", name+"2").(commands.Error); !is || !strings.HasPrefix(string(got), "LIMIT ") {
		t.Errorf("18 KB of names are kept: %.100v", got)
	}
}

func TestTheSameDocsAgainAreGivenOnce(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	args := []string{"COMMAND", "DOCS"}
	for range 200 {
		args = append(args, "client", "CLIENT")
	}
	if docs := c.call(args...).(commands.Map); len(docs) != 2 {
		t.Errorf("client is documented %d times", len(docs)/2)
	}
	c.want("COMMAND LIST FILTERBY PATTERN "+strings.Repeat("*", 257), commands.Error("ERR pattern too long: at most 256 bytes are allowed"))
}

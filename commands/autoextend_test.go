package commands_test

import (
	"strings"
	"testing"
	"time"

	"redlock-proxy/commands"
)

// wrongHolds are refused, with the whole sentence, by LOCK and by TRYLOCK.
// --max-hold is 10 s there.
var wrongHolds = []struct{ options, want string }{
	{"1000 AUTOEXTEND AUTOEXTEND", "ERR syntax error"},
	{"1000 AUTOEXTEND 5000", "ERR syntax error"},
	{"1000 MAXHOLD 5000", "ERR syntax error"},
	{"1000 TOKEN tok-a MAXHOLD 5000", "ERR syntax error"},
	{"1000 AUTOEXTEND MAXHOLD", "ERR syntax error"},
	{"1000 AUTOEXTEND MAXHOLD 5000 MAXHOLD 5000", "ERR syntax error"},
	{"1000 MAXHOLD 5000 AUTOEXTEND maxhold 5000", "ERR syntax error"},
	{"1000 AUTOEXTEND MAXHOLD 0", "ERR value is out of range, must be positive"},
	{"1000 AUTOEXTEND MAXHOLD -1", "ERR value is out of range, must be positive"},
	{"1000 AUTOEXTEND MAXHOLD -9223372036854775808", "ERR value is out of range, must be positive"},
	{"1000 AUTOEXTEND MAXHOLD x", "ERR value is not an integer or out of range"},
	{"1000 AUTOEXTEND MAXHOLD ", "ERR value is not an integer or out of range"},
	{"1000 AUTOEXTEND MAXHOLD 1.5", "ERR value is not an integer or out of range"},
	{"1000 AUTOEXTEND MAXHOLD 9223372036854775808", "ERR value is not an integer or out of range"},
	{"1000 AUTOEXTEND MAXHOLD 10001", "ERR MAXHOLD of 10001 ms is over the limit of 10000 ms (--max-hold)"},
	{"1000 maxhold 9223372036854775807 autoextend", "ERR MAXHOLD of 9223372036854775807 ms is over the limit of 10000 ms (--max-hold)"},
	{"1000 AUTOEXTEND MAXHOLD 999", "ERR MAXHOLD of 999 ms is below the ttl of 1000 ms, for which the lock is taken at least"},
	{"10001 AUTOEXTEND", "ERR ttl of 10001 ms is longer than AUTOEXTEND may hold a lock, which is 10000 ms (--max-hold)"},
	{"10001 AUTOEXTEND MAXHOLD 10000", "ERR MAXHOLD of 10000 ms is below the ttl of 10001 ms, for which the lock is taken at least"},
	{"0 AUTOEXTEND", "ERR invalid expire time in '<command>' command"},
	{"300001 AUTOEXTEND", "ERR ttl of 300001 ms is over the limit of 300000 ms (--max-ttl)"},
	{"1000 FENCE AUTOEXTEND fence", "ERR syntax error"},
	{"1000 AUTOEXTEND TOKEN ", "ERR token is empty"},
}

func newHoldingCaller(t *testing.T, maxHolds int) *caller {
	t.Helper()
	c := newCaller(t, "")
	c.table.MaxHold, c.table.MaxHolds = 10*time.Second, maxHolds
	return c
}

// TestWrongHoldsAreRefusedWithASentence, hold nothing and take no room.
func TestWrongHoldsAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	c := newHoldingCaller(t, 1)
	for _, tt := range wrongHolds {
		for _, command := range []string{"lock", "trylock"} {
			c.want(command+" a "+tt.options, commands.Error(strings.ReplaceAll(tt.want, "<command>", command)))
		}
	}
	if c.session.Holds() || len(c.keys()) > 0 {
		t.Errorf("wrong commands left %q behind", c.keys())
	}
	c.grant("LOCK a 10000 AUTOEXTEND MAXHOLD 10000") // the most there is
}

// TestOptionsOfHoldingComeInAnyOrder and in any case; a value may look like an
// option.
func TestOptionsOfHoldingComeInAnyOrder(t *testing.T) {
	t.Parallel()
	c := newHoldingCaller(t, 1)
	for _, options := range []string{
		"AUTOEXTEND", "TOKEN AUTOEXTEND autoextend", "MAXHOLD 1000 AutoExtend TOKEN MAXHOLD",
		"BLOCK 0 AUTOEXTEND TOKEN BLOCK MAXHOLD 1000", "maxhold 1000 RETRY 5 AUTOEXTEND",
	} {
		c.grant("LOCK a 1000 " + options)
		if !c.session.Holds() {
			t.Errorf("%s: the session holds nothing", options)
		}
		c.table.HungUp(c.session)
		if c.session.Holds() {
			t.Errorf("%s: the session holds something after its end", options)
		}
		c.begin()
	}
	c.wantNoKeys()
}

// TestTheEndOfASession: its client's end releases what it holds and no more,
// the proxy's nothing.
func TestTheEndOfASession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		by   func(*caller)
		want string
	}{
		"by its client":                {func(c *caller) { c.table.HungUp(c.session) }, "plain taken"},
		"by its client, with QUIT":     {func(c *caller) { c.call("QUIT") }, "plain taken"},
		"by the proxy":                 {func(c *caller) { c.table.Gone(c.session) }, "held plain taken"},
		"by the proxy, then by client": {func(c *caller) { c.table.Gone(c.session); c.table.HungUp(c.session) }, "held plain taken"},
	} {
		c := newHoldingCaller(t, 10)
		c.grant("LOCK plain 60000 TOKEN tok-p")
		c.grant("LOCK held 10000 TOKEN tok-h AUTOEXTEND")
		c.grant("LOCK taken 10000 TOKEN tok-t AUTOEXTEND")
		if _, is := c.await(c.start("LOCK taken 60000 TOKEN tok-t")).(commands.Perishable); !is {
			t.Fatalf("%s: the lock was not taken up by its token", name)
		}
		end.by(c)
		if late := c.call("LOCK", "late", "10000", "AUTOEXTEND"); late != commands.ErrHungUp {
			t.Errorf("%s: a LOCK that came too late got %#v", name, late)
		}
		c.settle()
		got := ""
		for _, k := range c.nodes[0].Keys() {
			got += " " + k
		}
		if got != " "+end.want {
			t.Errorf("%s: left are%s, want %s", name, got, end.want)
		}
	}
}

// TestARefreshWithAUTOEXTENDTakesOneRoom, not two.
func TestARefreshWithAUTOEXTENDTakesOneRoom(t *testing.T) {
	t.Parallel()
	c := newHoldingCaller(t, 2)
	for range 5 {
		c.grant("LOCK a 10000 TOKEN tok-a AUTOEXTEND")
	}
	c.grant("LOCK b 10000 TOKEN tok-b AUTOEXTEND")
	c.want("LOCK c 10000 TOKEN tok-c AUTOEXTEND", commands.Error("LIMIT as many locks are held with AUTOEXTEND as may (--max-holds); try again later, or without it"))
	c.want("UNLOCK a tok-a", commands.Integer(1))
	c.grant("LOCK c 10000 TOKEN tok-c AUTOEXTEND")
	c.table.HungUp(c.session)
	c.begin()
	c.grant("LOCK b 10000 TOKEN tok-b AUTOEXTEND")
	c.grant("LOCK c 10000 TOKEN tok-c AUTOEXTEND")
}

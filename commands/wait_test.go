package commands_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"redlock-proxy/commands"
)

// newWaitingCaller has a lock "a" that is held by "tok-h".
func newWaitingCaller(t *testing.T, maxBlock time.Duration) *caller {
	t.Helper()
	c := newCaller(t, "")
	c.table.MaxBlock = maxBlock
	c.grant("LOCK a 60000 TOKEN tok-h")
	return c
}

// start runs a command as another connection does; the reply comes later.
func (c *caller) start(line string) (reply chan commands.Reply) {
	c.t.Helper()
	s := &commands.Session{}
	c.table.Begin(s, 2, "127.0.0.1:3", "127.0.0.1:2")
	reply = make(chan commands.Reply, 1)
	call := &commands.Call{Context: c.t.Context(), Session: s, Proto: 2, Port: &port{send: func(r commands.Reply) { reply <- r }}}
	for _, a := range strings.Split(line, " ") {
		call.Args = append(call.Args, []byte(a))
	}
	c.table.Run(call)
	return reply
}

// waits starts a LOCK that has to wait.
func (c *caller) waits(line string) (reply chan commands.Reply) {
	c.t.Helper()
	before := c.table.Quorum.Waiting()
	reply = c.start(line)
	for limit := time.Now().Add(patience); c.table.Quorum.Waiting() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) || len(reply) > 0 {
			c.t.Fatalf("%s does not wait", line)
		}
	}
	return reply
}

func (c *caller) await(reply chan commands.Reply) commands.Reply {
	c.t.Helper()
	select {
	case r := <-reply:
		return r
	case <-time.After(patience):
		c.t.Fatal("no reply")
		return nil
	}
}

// TestALOCKWaitsNoLongerThanMaxBlock, whatever it asks for.
func TestALOCKWaitsNoLongerThanMaxBlock(t *testing.T) {
	t.Parallel()
	const most = 300 * time.Millisecond
	c := newWaitingCaller(t, most)
	all := map[string]chan commands.Reply{}
	began := time.Now()
	for _, options := range []string{
		"BLOCK 0", "block 301", fmt.Sprint("BLOCK ", math.MaxInt64), "BLOCK 9223372036855", "TOKEN tok-a BLOCK 0",
		"RETRY 1000000000", fmt.Sprint("retry ", math.MaxInt64), "RETRY 10000 TOKEN tok-b", "BLOCK 0 AUTOEXTEND",
	} {
		all[options] = c.waits("LOCK a 60000 " + options)
	}
	for options, reply := range all {
		if got := c.await(reply); got != (commands.NullArray{}) {
			t.Errorf("%s: got %#v, want null", options, got)
		}
		if took := time.Since(began); took < most {
			t.Errorf("%s: it waited for %v, and might for %v", options, took, most)
		}
	}
}

// TestWhoDoesNotAskToWaitDoesNot, nor does a TRYLOCK on a proxy where every LOCK
// waits.
func TestWhoDoesNotAskToWaitDoesNot(t *testing.T) {
	t.Parallel()
	for retries, lines := range map[int][]string{
		0:         {"LOCK a 60000", "LOCK a 60000 TOKEN tok-a AUTOEXTEND", "LOCK a 60000 RETRY 0", "TRYLOCK a 60000", "LOCK a 60000 BLOCK 1"},
		1_000_000: {"LOCK a 60000 RETRY 0", "TRYLOCK a 60000", "trylock a 60000 TOKEN tok-a AUTOEXTEND", "LOCK a 60000 BLOCK 1", "LOCK a 60000 RETRY 1"},
	} {
		c := newWaitingCaller(t, time.Hour)
		c.table.RetryCount = retries
		for _, line := range lines {
			c.want(line, commands.NullArray{}) // or the test waits for an hour
		}
		c.want("LOCK a 60000 TOKEN tok-a BLOCK x", commands.Error("ERR timeout is not an integer or out of range"))
	}
}

// TestRetryCountIsForThoseWhoSayNothing about waiting.
func TestRetryCountIsForThoseWhoSayNothing(t *testing.T) {
	t.Parallel()
	c := newWaitingCaller(t, time.Hour)
	c.table.RetryCount = 1_000_000
	for _, line := range []string{"LOCK a 60000 TOKEN tok-h2", "LOCK a 60000 AUTOEXTEND TOKEN tok-h2", "LOCK a 60000 BLOCK 0 TOKEN tok-h2"} {
		reply := c.waits(line)
		c.want("UNLOCK a tok-h", commands.Integer(1))
		if g, is := c.await(reply).(commands.Perishable); !is {
			t.Errorf("%s got %#v, want a grant", line, g)
		}
		c.want("UNLOCK a tok-h2", commands.Integer(1))
		c.grant("LOCK a 60000 TOKEN tok-h")
	}
	c.table.MaxBlock = 200 * time.Millisecond
	began := time.Now()
	c.want("LOCK a 60000", commands.NullArray{})
	if took := time.Since(began); took < c.table.MaxBlock {
		t.Errorf("it waited for %v, and might for %v", took, c.table.MaxBlock)
	}
}

// wrongWaits are refused, with the whole sentence, at once.
var wrongWaits = []struct{ command, want string }{
	{"LOCK a 1000 RETRY 5 RETRY 5", "ERR syntax error"},
	{"LOCK a 1000 RETRY 0 BLOCK 0", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 0 RETRY 0", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 0 block 0", "ERR syntax error"},
	{"TRYLOCK a 1000 BLOCK 0", "ERR syntax error"},
	{"TRYLOCK a 1000 RETRY 0", "ERR syntax error"},
	{"LOCK a 1000 BLOCK ", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK +1", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK 01", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK 99999999999999999999", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK -9223372036854775808", "ERR timeout is negative"},
	{"LOCK a 1000 RETRY 1.5", "ERR value is not an integer or out of range"},
	{"LOCK a 1000 RETRY 9223372036854775808", "ERR value is not an integer or out of range"},
	{"LOCK a 1000 RETRY -9223372036854775808", "ERR value is out of range, must be positive"},
	{"LOCK a 0 BLOCK 1000", "ERR invalid expire time in 'lock' command"},
	{"LOCK a 300001 BLOCK 1000", "ERR ttl of 300001 ms is over the limit of 300000 ms (--max-ttl)"},
	{"LOCK  1000 BLOCK 1000", "ERR resource is empty"},
	{"LOCK a 1000 BLOCK 1000 TOKEN ", "ERR token is empty"},
	{"LOCK __redlock: 1000 BLOCK 1000", "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"},
	{"LOCK a 1000 FENCE BLOCK 1000 FENCE", "ERR syntax error"},
}

func TestWrongWaitsAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	c := newWaitingCaller(t, time.Hour)
	for _, tt := range wrongWaits {
		for range 101 { // none of them counts as one that waits
			c.want(tt.command, commands.Error(tt.want))
		}
	}
	if n := c.table.Quorum.Waiting(); n != 0 {
		t.Errorf("%d wrong LOCKs wait", n)
	}
}

// TestWaitingIsNotCountedAsWork: neither SLOWLOG nor commandstats takes a wait
// for a slow command.
func TestWaitingIsNotCountedAsWork(t *testing.T) {
	t.Parallel()
	c := newWaitingCaller(t, time.Hour)
	const wait = time.Second
	won := c.waits("LOCK a 60000 BLOCK 0 TOKEN tok-won")
	c.want("LOCK a 60000 BLOCK 1000 TOKEN tok-lost", commands.NullArray{})
	c.want("UNLOCK a tok-h", commands.Integer(1))
	if _, is := c.await(won).(commands.Perishable); !is {
		t.Fatal("the LOCK that waited was not granted")
	}
	var calls, usec int64
	for _, line := range strings.Split(c.info("commandstats"), "\r\n") {
		_, _ = fmt.Sscanf(line, "cmdstat_lock:calls=%d,usec=%d,", &calls, &usec)
	}
	if took := time.Duration(usec) * time.Microsecond; calls != 3 || took > wait/2 {
		t.Errorf("commandstats counts %d LOCKs that took %v, want 3 that took no time", calls, took)
	}
	for _, e := range c.call("SLOWLOG", "GET", "-1").(commands.Array) {
		took := time.Duration(e.(commands.Array)[2].(commands.Integer)) * time.Microsecond
		if took > wait/2 { // the machine may be slow, but not as slow
			t.Errorf("SLOWLOG has %v", e)
		}
	}
}

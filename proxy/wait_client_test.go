package proxy_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

const unblocked = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

// TestClientUnblockEndsWaits of one connection, all of them, and no others'.
func TestClientUnblockEndsWaits(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c, other, operator := f.dial(), f.dial(), f.dial(), f.dial()
	id := c.id()
	holder.holds("a", 60000, "tok-a")
	holder.holds("b", 60000, "tok-b")
	f.waits(other, 1, "a", "tok-other")
	for _, tt := range []struct{ how, want string }{
		{"", "*-1\r\n"}, {" TIMEOUT", "*-1\r\n"}, {" error", unblocked},
	} {
		f.waits(c, 2, "a", "tok-1")
		f.waits(c, 3, "b", "tok-2")
		operator.wantBlocked(2)
		operator.send("CLIENT UNBLOCK " + id + tt.how + "\r\n")
		operator.want(":1\r\n")
		c.want(tt.want + tt.want)
		c.wantAlive()
		operator.wantBlocked(1)
	}
	for _, nobody := range []string{id, "0", "-1", "9223372036854775807", holder.id()} {
		operator.send("CLIENT UNBLOCK " + nobody + " ERROR\r\n")
		operator.want(":0\r\n")
	}
	f.waits(c, 2, "a", "tok-1")
	c.send("CLIENT UNBLOCK " + id + "\r\n") // oneself, from behind
	c.want("*-1\r\n:1\r\n")
	holder.unlocks("a", "tok-a")
	other.wantGrant("tok-other", 60000)
	holder.unlocks("b", "tok-b")
	other.unlocks("a", "tok-other")
	wantNoKeysOn(t, servers, f)
}

// TestClientListTellsWhoWaits by the flag b, as in Redis.
func TestClientListTellsWhoWaits(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c, operator := f.dial(), f.dial(), f.dial()
	flags := func() string {
		operator.send("CLIENT LIST ID " + c.id() + "\r\n")
		return regexp.MustCompile(` flags=(\w+) `).FindStringSubmatch(operator.text('$'))[1]
	}
	holder.holds("a", 60000, "tok-a")
	if got := flags(); got != "N" {
		t.Errorf("before it waits the flags are %s", got)
	}
	id := c.id()
	f.waits(c, 1, "a", "tok-1")
	operator.send("CLIENT LIST ID " + id + "\r\n")
	if list := operator.text('$'); !strings.Contains(list, " flags=b ") || !strings.Contains(list, " cmd=lock ") || strings.Contains(list, "tok-") {
		t.Errorf("while it waits: %s", list)
	}
	holder.unlocks("a", "tok-a")
	c.wantGrant("tok-1", 60000)
	if got := flags(); got != "N" {
		t.Errorf("when it does not wait any more the flags are %s", got)
	}
	c.unlocks("a", "tok-1")
	wantNoKeysOn(t, servers, f)
}

// TestAPauseAndThoseWhoWait: it holds back what frees their lock, and does not
// lengthen their time.
func TestAPauseAndThoseWhoWait(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c, short, operator := f.dial(), f.dial(), f.dial(), f.dial()
	holder.holds("a", 60000, "tok-a")
	f.waits(c, 1, "a", "tok-1")
	short.lock("a", 60000, "tok-short", "BLOCK", "1000")
	f.wantWaiting(2)
	operator.send("CLIENT PAUSE 3600000\r\n")
	operator.want("+OK\r\n")
	holder.send(command("UNLOCK", "a", "tok-a"))
	short.want("*-1\r\n")
	if n := f.quorum.Waiting(); n != 1 {
		t.Errorf("%d LOCKs wait, want 1: the UNLOCK is held back", n)
	}
	operator.send("CLIENT UNPAUSE\r\n")
	operator.want("+OK\r\n")
	holder.want(":1\r\n")
	c.wantGrant("tok-1", 60000)
	c.unlocks("a", "tok-1")
	wantNoKeysOn(t, servers, f)
}

// TestALOCKThatWaitsWithoutReplies: who wants no reply gets no lock, and hears
// nothing; the next one gets it.
func TestALOCKThatWaitsWithoutReplies(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c, next := f.dial(), f.dial(), f.dial()
	for _, silence := range []string{"OFF", "SKIP"} {
		holder.holds("a", 60000, "tok-a")
		c.send("CLIENT REPLY " + silence + "\r\n")
		f.waits(c, 1, "a", "tok-1", "AUTOEXTEND")
		f.waits(next, 2, "a", "tok-2")
		holder.unlocks("a", "tok-a")
		next.wantGrant("tok-2", 60000)
		if silence == "OFF" {
			c.send("CLIENT REPLY ON\r\n")
			c.want("+OK\r\n")
		}
		c.wantAlive()
		next.unlocks("a", "tok-2")
	}
	wantNoKeysOn(t, servers, f)
}

// TestResetWhileALOCKWaits: the LOCK goes on as it was sent, and its reply comes
// first.
func TestResetWhileALOCKWaits(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c := f.dial(), f.dial()
	holder.holds("a", 60000, "tok-a")
	c.send("HELLO 3\r\n")
	c.skipGreeting()
	f.waits(c, 1, "a", "tok-1")
	c.send("RESET\r\nCLIENT GETNAME\r\n")
	c.lock("a", 60000, "tok-2")
	holder.wantBlocked(1)
	holder.unlocks("a", "tok-a")
	c.wantGrant("tok-1", 60000)
	c.want("+RESET\r\n$-1\r\n*-1\r\n")
	c.unlocks("a", "tok-1")
	wantNoKeysOn(t, servers, f)
}

// TestAWaitThatEndsInRESP3 gives the null of that protocol.
func TestAWaitThatEndsInRESP3(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	holder, c := f.dial(), f.dial()
	holder.holds("a", 60000, "tok-a")
	for proto, null := range map[string]string{"2": "*-1\r\n", "3": "_\r\n"} {
		c.send("HELLO " + proto + "\r\n")
		c.skipGreeting()
		began := time.Now()
		c.lock("a", 60000, "tok-1", "BLOCK", "200")
		c.lock("a", 60000, "tok-2", "RETRY", "1")
		c.want(null + null)
		if took := time.Since(began); took < 200*time.Millisecond {
			t.Errorf("RESP%s: BLOCK 200 ended after %v", proto, took)
		}
	}
	f.waits(c, 1, "a", "tok-1")
	c.send("HELLO 2\r\n") // the reply keeps the protocol that its command was sent in
	holder.unlocks("a", "tok-a")
	c.wantGrant("tok-1", 60000)
	c.skipGreeting()
	c.unlocks("a", "tok-1")
	wantNoKeysOn(t, servers, f)
}

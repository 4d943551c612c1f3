package proxy_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// admin asks as an operator's program does.
type admin struct {
	*redis.Client
	t *testing.T
}

func (f *front) admin(protocol int, name string) *admin {
	c := redis.NewClient(&redis.Options{Addr: f.addr.String(), Protocol: protocol, ClientName: name, DisableIdentity: true, MaxRetries: -1, ReadTimeout: patience})
	f.t.Cleanup(func() { _ = c.Close() })
	return &admin{c, f.t}
}

// ask gives a reply in which there is no token.
func (a *admin) ask(args ...any) any {
	a.t.Helper()
	reply, err := a.Do(a.t.Context(), args...).Result()
	if err != nil {
		a.t.Fatalf("%q: %v", args, err)
	}
	if text := fmt.Sprint(reply); strings.Contains(text, "tok-") {
		a.t.Errorf("%q shows a token: %s", args, text)
	}
	return reply
}

// info is what LOCKINFO says, in either protocol.
func (a *admin) info(resource string) map[any]any {
	a.t.Helper()
	return fields(a.ask("LOCKINFO", resource))
}

func fields(reply any) map[any]any {
	all := map[any]any{}
	if m, is := reply.(map[any]any); is {
		return m
	}
	list, _ := reply.([]any)
	for i := 0; i+1 < len(list); i += 2 {
		all[list[i]] = list[i+1]
	}
	return all
}

// held lists all locks.
func (a *admin) held(options ...any) (names []string) {
	a.t.Helper()
	for cursor := "0"; ; {
		page, _ := a.ask(append([]any{"LOCKS", "CURSOR", cursor}, options...)...).([]any)
		if len(page) != 3 {
			a.t.Fatalf("not a page: %v", page)
		}
		for _, l := range page[1].([]any) {
			names = append(names, fmt.Sprint(l.([]any)[0]))
		}
		if cursor = fmt.Sprint(page[0]); cursor == "0" {
			slices.Sort(names)
			return names
		}
	}
}

func TestLockInfo(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	c, waiting := f.dial(), f.dial()
	c.send(command("CLIENT", "SETNAME", "worker-7"))
	c.want("+OK\r\n")
	c.lock("a", 60000, "tok-a", "AUTOEXTEND", "FENCE")
	c.want("*3\r\n$5\r\ntok-a\r\n:")
	c.line()
	c.want(":")
	c.line()
	f.waits(waiting, 1, "a", "tok-w")
	if err := servers[0].Client().Set(t.Context(), "left", "tok-x", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []int{2, 3} {
		here, there := f.admin(protocol, ""), elsewhere.admin(protocol, "")
		eventually(t, "all nodes have it", func() bool { return here.info("a")["votes"] == int64(3) })
		got := here.info("a")
		for key, want := range map[string]any{
			"state": "held", "needed": int64(2), "waiters": int64(1), "held-here": "autoextend",
			"client-name": "worker-7", "client-addr": c.conn.LocalAddr().String(),
		} {
			if got[key] != want {
				t.Errorf("%s is %v, want %v", key, got[key], want)
			}
		}
		left, _ := got["remaining-ms"].(int64)
		since, known := got["held-ms"].(int64)
		if fence, _ := got["fence"].(int64); left < 30000 || left > 60000 || !known || since < 0 || fence < 1e15 {
			t.Errorf("%v", got)
		}
		got = there.info("a")
		if got["state"] != "held" || got["held-here"] != nil || got["client-addr"] != nil || got["waiters"] != int64(0) {
			t.Errorf("the other proxy says %v", got)
		}
		got = here.info("left")
		node := fields(got["nodes"].([]any)[0])
		if got["state"] != "contested" || got["votes"] != int64(1) || node["name"] != servers[0].Addr() || node["value"] != int64(1) {
			t.Errorf("%v", got)
		}
		if got := here.info("free"); got["state"] != "free" || got["remaining-ms"] != nil {
			t.Errorf("%v", got)
		}
	}
	c.unlocks("a", "tok-a")
	waiting.wantGrant("tok-w", 60000)
}

// TestLockInfoOfAPlainLock: which client was granted it, as long as it has it.
func TestLockInfoOfAPlainLock(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f, elsewhere := startOn(t, servers), startOn(t, servers)
	here, there := f.admin(3, ""), elsewhere.admin(2, "")
	c, other := f.dial(), f.dial()
	c.send(command("CLIENT", "SETNAME", "worker-8"))
	c.want("+OK\r\n")
	wantNobody := func(what string) {
		t.Helper()
		got := here.info("a")
		for _, key := range []any{"held-here", "held-ms", "client-id", "client-name", "client-addr"} {
			if got[key] != nil {
				t.Errorf("%s: %s is %v, want null", what, key, got[key])
			}
		}
	}
	wantNobody("before")
	c.holds("a", 60000, "tok-a")
	got := here.info("a")
	for key, want := range map[string]any{"held-here": "lock", "client-name": "worker-8", "client-addr": c.conn.LocalAddr().String()} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	since, known := got["held-ms"].(int64)
	if id, _ := got["client-id"].(int64); !known || since < 0 || since > patience.Milliseconds() || id == 0 {
		t.Errorf("%v", got)
	}
	if got := there.info("a"); got["held-here"] != nil || got["state"] != "held" {
		t.Errorf("the other proxy says %v", got)
	}
	// Its connection may end, and the lock goes on.
	_ = c.conn.Close()
	f.wantClients(2)
	if got := here.info("a"); got["client-name"] != "worker-8" {
		t.Errorf("when the connection has ended: %v", got)
	}
	other.unlocks("a", "tok-a")
	wantNobody("after UNLOCK")
	other.holds("a", 60000, "tok-b")
	if got := here.ask("FORCEUNLOCK", "a"); got != int64(1) {
		t.Errorf("FORCEUNLOCK: %v", got)
	}
	wantNobody("after FORCEUNLOCK")
	// Taken through the other proxy, with this one's memory of who had it before.
	far := elsewhere.dial()
	far.holds("a", 60000, "tok-c")
	wantNobody("held elsewhere")
	far.unlocks("a", "tok-c")
	// A LOCK that raises the ttl goes on, and so does one that was extended.
	other.holds("a", 500, "tok-d")
	other.send(command("EXTEND", "a", "tok-d", "60000"))
	other.want(":")
	other.line()
	other.holds("a", 60000, "tok-d")
	if got := here.info("a"); got["held-here"] != "lock" || got["client-name"] != "" {
		t.Errorf("%v", got)
	}
	other.unlocks("a", "tok-d")
}

func TestLocks(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	f := startOn(t, servers)
	c := f.dial()
	var all []string
	for i := range 40 {
		name := fmt.Sprintf("jobs:%02d", i)
		c.holds(name, 60000, "tok-"+name)
		all = append(all, name)
	}
	c.holds("other", 60000, "tok-o")
	if err := servers[1].Client().Set(t.Context(), "jobs:left", "tok-x", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []int{2, 3} {
		a := f.admin(protocol, "")
		eventually(t, "all nodes have all", func() bool { return slices.Equal(a.held("MATCH", "jobs:*", "COUNT", 7), all) })
		if got := a.held("MATCH", "j*[2]"); len(got) != 4 {
			t.Errorf("got %q", got)
		}
		if got := a.held(); len(got) != 41 {
			t.Errorf("got %q", got)
		}
	}
	for _, bad := range []string{"LOCKS 0", "LOCKS CURSOR", "LOCKS COUNT 0", "LOCKS COUNT x", "LOCKS CURSOR -1", "LOCKS CURSOR 3", "LOCKS MATCH " + strings.Repeat("*a", 200)} {
		c.send(bad + "\r\n")
		c.want("-ERR ")
		c.line()
	}
}

func TestForceUnlock(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	slow := func(o *custom) { o.quorum.RetryDelay, o.quorum.RetryJitter = time.Hour, -1 } // only a message wakes
	f, elsewhere := startOn(t, servers, slow), startOn(t, servers, slow)
	holder, near, far := f.dial(), f.dial(), elsewhere.dial()
	a, b := f.admin(3, "on-call"), elsewhere.admin(2, "")
	if got := a.ask("FORCEUNLOCK", "a"); got != int64(0) {
		t.Errorf("of nothing: %v", got)
	}
	holder.holds("a", 60000, "tok-h", "AUTOEXTEND")
	f.waits(near, 1, "a", "tok-n")
	holder.send(command("LOCK", "a", "60000", "BLOCK", "0")) // what is pending on it is told
	f.wantWaiting(2)
	if got := a.ask("FORCEUNLOCK", "a"); got != int64(1) {
		t.Errorf("got %v", got)
	}
	holder.want(lockLost("a"))
	holder.wantEnd()
	near.wantGrant("tok-n", 60000)
	elsewhere.waits(far, 1, "a", "tok-f")
	if got := b.ask("FORCEUNLOCK", "a"); got != int64(1) {
		t.Errorf("got %v", got)
	}
	far.wantGrant("tok-f", 60000)
	near.send(command("UNLOCK", "a", "tok-n"))
	near.want(":0\r\n")
	// A waiter of another proxy than the one that is told to.
	elsewhere.waits(elsewhere.dial(), 1, "a", "tok-g")
	if got := a.ask("FORCEUNLOCK", "a"); got != int64(1) {
		t.Errorf("got %v", got)
	}
	elsewhere.wantWaiting(0)
	for _, want := range []string{"level=WARN", "resource=a", "outcome=released", "name=on-call", "user=default", "client=127.0.0.1:"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, f.log)
		}
	}
	servers[0].Kill()
	servers[1].Kill()
	if err := a.Do(t.Context(), "FORCEUNLOCK", "a").Err(); err == nil || !strings.HasPrefix(err.Error(), "NOQUORUM ") {
		t.Errorf("with one node of three: %v", err)
	}
	if got := a.info("a"); got["state"] != "unknown" {
		t.Errorf("%v", got)
	}
	page, _ := a.ask("LOCKS").([]any)
	if skipped := fmt.Sprint(page[2]); !strings.HasPrefix(skipped, "["+servers[0].Addr()+": ") || page[0] == "0" {
		t.Errorf("a page of a node that is away: %v", page)
	}
	if err := a.Do(t.Context(), "LOCKS", "CURSOR", page[0]).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOQUORUM 1 of 3 ") {
		t.Errorf("with two of three away: %v", err)
	}
}

// TestWhoMayLookAfterLocks: @lock alone is not enough.
func TestWhoMayLookAfterLocks(t *testing.T) {
	t.Parallel()
	const file = "user default off\nuser worker on >pass-w ~* +@lock +@connection\nuser half on >pass-h ~jobs:* +@lockadmin +@connection\n" +
		"user look on >pass-l ~* +lockinfo +locks +@connection\nuser all on >pass-a ~* +@all -@dangerous\n"
	servers := redistest.Start(t, 3)
	f := startOn(t, servers, func(o *custom) {
		o.table.OpenUsers = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }
	})
	for user, want := range map[string]string{ // LOCKINFO, LOCKS, FORCEUNLOCK of jobs:1, FORCEUNLOCK of other
		"worker": "no no no no", "half": "yes yes yes no", "look": "yes yes no no", "all": "no no no no",
	} {
		c := redis.NewClient(&redis.Options{Addr: f.addr.String(), Username: user, Password: "pass-" + user[:1], MaxRetries: -1})
		var got []string
		for _, args := range [][]any{{"LOCKINFO", "jobs:1"}, {"LOCKS"}, {"FORCEUNLOCK", "jobs:1"}, {"FORCEUNLOCK", "other"}} {
			err := c.Do(context.Background(), args...).Err()
			switch {
			case err == nil:
				got = append(got, "yes")
			case strings.HasPrefix(err.Error(), "NOPERM "):
				got = append(got, "no")
			default:
				t.Errorf("%s: %v", user, err)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", user, got, want)
		}
		_ = c.Close()
	}
}

package proxy_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exchanges are what every client may send, and the bytes of the reply in
// RESP2, and in RESP3 where that differs.
var exchanges = []struct{ send, resp2, resp3 string }{
	{command("PING"), "+PONG\r\n", ""},
	{command("PING", "hi"), "$2\r\nhi\r\n", ""},
	{command("PING", ""), "$0\r\n\r\n", ""},
	{command("ECHO", "a\x00b\r\n\xff"), "$6\r\na\x00b\r\n\xff\r\n", ""},
	{command("eCHo", "x"), "$1\r\nx\r\n", ""},
	{command("SELECT", "0"), "+OK\r\n", ""},
	{command("CLIENT", "GETNAME"), "$-1\r\n", "_\r\n"},
	{command("CLIENT", "SETNAME", "worker-1"), "+OK\r\n", ""},
	{command("client", "getname"), "$8\r\nworker-1\r\n", ""},
	{command("CLIENT", "SETNAME", ""), "+OK\r\n", ""},
	{command("CLIENT", "GETNAME"), "$-1\r\n", "_\r\n"},
	{command("CLIENT", "SETINFO", "LIB-NAME", "lib"), "+OK\r\n", ""},
	{command("CLIENT", "SETINFO", "lib-ver", "1.0"), "+OK\r\n", ""},
	{command("CLIENT", "TRACKING", "ON", "OPTIN"), "+OK\r\n", ""},
	{command("CLIENT", "TRACKING", "off"), "+OK\r\n", ""},
	{command("CLIENT", "CAPA", "redirect"), "+OK\r\n", ""},
	{command("CLIENT", "NO-EVICT", "ON"), "+OK\r\n", ""},
	{command("CLIENT", "NO-TOUCH", "off"), "+OK\r\n", ""},
	{command("CLIENT", "REPLY", "ON"), "+OK\r\n", ""},
	{command("CLIENT", "MAINT_NOTIFICATIONS", "ON"), "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n", ""},
	{command("NOSUCH", "a"), "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n", ""},

	// The first LOCK of "a" is granted before these, to tok-1.
	{command("LOCK", "a", "10000", "TOKEN", "tok-2"), "*-1\r\n", "_\r\n"},
	{command("LOCK", "a", "10000"), "*-1\r\n", "_\r\n"},
	{command("TRYLOCK", "a", "10000", "TOKEN", "tok-2"), "*-1\r\n", "_\r\n"},
	{command("EXTEND", "a", "tok-2", "10000"), ":0\r\n", ""},
	{command("UNLOCK", "a", "tok-2"), ":0\r\n", ""},
	{command("unlock", "a", "tok-1"), ":1\r\n", ""},
	{command("UNLOCK", "a", "tok-1"), ":0\r\n", ""},
	{command("EXTEND", "a", "tok-1", "10000"), ":0\r\n", ""},
}

func TestRepliesByteForByte(t *testing.T) {
	t.Parallel()
	for _, proto := range []int{2, 3} {
		f := start(t, setup{unix: proto == 3})
		c := f.dial()
		if proto == 3 {
			c.send(command("HELLO", "3"))
			c.wantGreeting(3, 1)
		}
		c.send(command("LOCK", "a", "10000", "token", "tok-1"))
		c.wantGrant("tok-1", 10000)
		for _, e := range exchanges {
			want := e.resp2
			if proto == 3 && e.resp3 != "" {
				want = e.resp3
			}
			c.send(e.send)
			c.want(want)
		}
		c.wantAlive()
		c.send(command("QUIT"))
		c.want("+OK\r\n")
		c.wantEnd()
	}
}

// wantGreeting reads the reply to HELLO: a map in RESP3, the same as a flat
// array in RESP2.
func (c *client) wantGreeting(proto, id int) {
	c.t.Helper()
	header := "*16\r\n"
	if proto == 3 {
		header = "%8\r\n"
	}
	c.want(header +
		"$6\r\nserver\r\n$5\r\nredis\r\n" +
		"$7\r\nversion\r\n$5\r\n7.4.0\r\n" +
		fmt.Sprintf("$5\r\nproto\r\n:%d\r\n", proto) +
		fmt.Sprintf("$2\r\nid\r\n:%d\r\n", id) +
		"$4\r\nmode\r\n$10\r\nstandalone\r\n" +
		"$4\r\nrole\r\n$6\r\nmaster\r\n" +
		fmt.Sprintf("$13\r\nredlock_proxy\r\n$%d\r\n%s\r\n", len(version), version) +
		"$7\r\nmodules\r\n*0\r\n")
}

func TestHelloSwitchesTheProtocolOfThisAndLaterReplies(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	f.dial().wantAlive() // the first connection, so that the next has the id 2
	c := f.dial()
	c.send(command("HELLO"))
	c.wantGreeting(2, 2)
	null2, null3, getName := "$-1\r\n", "_\r\n", command("CLIENT", "GETNAME")
	c.send(getName + command("HELLO", "3") + getName + command("HELLO") + command("HELLO", "2") + getName + command("HELLO", "3") + command("RESET") + getName)
	c.want(null2)
	c.wantGreeting(3, 2)
	c.want(null3)
	c.wantGreeting(3, 2)
	c.wantGreeting(2, 2)
	c.want(null2)
	c.wantGreeting(3, 2)
	c.want("+RESET\r\n" + null2)
	c.send(command("HELLO", "3", "setname", "n-1", "AUTH", "default", "any") + getName + command("HELLO", "9") + getName)
	c.wantGreeting(3, 2)
	c.want("$3\r\nn-1\r\n" + "-NOPROTO unsupported protocol version\r\n" + "$3\r\nn-1\r\n")
	c.send(command("CLIENT", "ID"))
	c.want(":2\r\n")
}

func TestTheTokenThatTheProxyMakesWorks(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c, other := f.dial(), f.dial()
	c.send(command("LOCK", "a", "10000"))
	token := c.newToken(10000)
	other.send(command("EXTEND", "a", token, "20000"))
	other.want(":")
	other.wantValidity(20000)
	other.send(command("UNLOCK", "a", token))
	other.want(":1\r\n")
	c.send(command("TRYLOCK", "a", "10000"))
	if again := c.newToken(10000); again == token {
		t.Errorf("the token %s came twice", token)
	}
}

// binary is every byte there is, with what ends a line in RESP.
var binary = func() string {
	b := []byte("*1\r\n$4\r\nPING\r\n")
	for i := range 256 {
		b = append(b, byte(i))
	}
	return string(b)
}()

func TestResourcesAndTokensMayHoldAnyBytes(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	token := "tok-" + binary[:200] + "\r\n" // no longer than a token may be
	c.send(command("LOCK", binary, "60000", "TOKEN", token))
	c.wantGrant(token, 60000)
	eventually(t, "the resource's name on every node", func() bool {
		return slices.Equal(f.keys(), []string{binary, binary, binary})
	})
	c.send(command("LOCK", binary, "60000", "TOKEN", token+"x") + command("LOCK", binary+"\x00", "60000", "TOKEN", token))
	c.want("*-1\r\n")
	c.wantGrant(token, 60000)
	c.send(command("EXTEND", binary, token, "90000") + command("UNLOCK", binary, token) + command("UNLOCK", binary, token))
	c.want(":")
	c.wantValidity(90000)
	c.want(":1\r\n:0\r\n")
}

func TestInlineCommandsAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	for _, tt := range []struct{ line, want string }{
		{"PING\r\n", "+PONG\r\n"},
		{"ping\n", "+PONG\r\n"},
		{"  PiNg   \t hi\r\n", "$2\r\nhi\r\n"},
		{`ECHO "a b\n\x00\"c"` + "\r\n", "$7\r\na b\n\x00\"c\r\n"},
		{`echo 'a\n''` + "\r\n" + "PING\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"},
	} {
		c.send(tt.line)
		c.want(tt.want)
	}
	c.wantEnd()
	c = f.dial()
	c.send("lock \"my jobs\" 60000 token 'tok-a b'\r\n")
	c.wantGrant("tok-a b", 60000)
	if n := f.on("my jobs"); n < 2 {
		t.Errorf("%d nodes have the lock, want a majority", n)
	}
	c.send("trylock \"my jobs\" 60000\r\n\r\nextend \"my jobs\" x 1000\nUNLOCK \"my jobs\" \"tok-a b\"\r\n")
	c.want("*-1\r\n:0\r\n:1\r\n")
}

func TestInfoIsTextWithWhatClientsLookFor(t *testing.T) {
	t.Parallel()
	f := start(t, setup{maxClients: 7})
	c := f.dial()
	for proto, kind := range map[int]byte{2: '$', 3: '='} {
		c.send(command("HELLO", strconv.Itoa(proto)))
		c.wantGreeting(proto, 1)
		c.send(command("INFO"))
		text, is := strings.CutPrefix(c.text(kind), "txt:")
		if is != (proto == 3) {
			t.Errorf("RESP%d: verbatim is %v", proto, is)
		}
		for _, line := range []string{
			"# Server", "redis_version:7.4.0", "redlock_proxy_version:" + version, "redis_mode:standalone",
			fmt.Sprintf("process_id:%d", os.Getpid()), "# Clients", "connected_clients:1", "maxclients:7",
			"loading:0", "# Replication", "role:master", "# Redlock", "nodes:3", "quorum_needed:2", "node0:name=node-0,state=up,vote=admitted",
		} {
			if !strings.Contains("\n"+text, "\n"+line+"\r\n") {
				t.Errorf("RESP%d: no line %q in INFO:\n%s", proto, line, text)
			}
		}
		c.send(command("info", "REPLICATION", "nosuch"))
		if got, want := strings.TrimPrefix(c.text(kind), "txt:"), "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n"; got != want {
			t.Errorf("RESP%d: one section is %q, want %q", proto, got, want)
		}
		c.send(command("CLIENT", "INFO"))
		text = strings.TrimPrefix(c.text(kind), "txt:")
		for _, word := range []string{"id=1 ", "addr=" + c.conn.LocalAddr().String(), "laddr=" + f.addr.String(), fmt.Sprintf(" resp=%d ", proto)} {
			if !strings.Contains(text, word) || !strings.HasSuffix(text, "\n") {
				t.Errorf("RESP%d: no %q in CLIENT INFO: %q", proto, word, text)
			}
		}
	}
}

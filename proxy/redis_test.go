package proxy_test

import (
	"io"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// sameAsRedis are connection commands to which Redis 7.0 and the proxy must
// answer with the same bytes, in RESP2 and in RESP3. Not among them are known
// names with a NUL behind: whether Redis knows them is up to its hash of the day.
var sameAsRedis = []string{
	"PING\r\n", "ping x\r\n", "PING a b\r\n", "PING a b c\r\n", "PING ''\r\n",
	"ECHO\r\n", "ECHO hello\r\n", "ECHO a b\r\n", "ECHO ''\r\n", command("ECHO", "\r\n\x00"),
	"SELECT\r\n", "SELECT 0\r\n", "SELECT x\r\n", "SELECT 1.5\r\n", "SELECT ''\r\n", "SELECT 0 0\r\n", "SELECT -1\r\n", "SELECT 16\r\n",
	"SELECT +0\r\n", "SELECT 00\r\n", "SELECT -0\r\n", "SELECT ' 0'\r\n",
	"HELLO 4\r\n", "HELLO 1\r\n", "HELLO 0\r\n", "HELLO -3\r\n", "HELLO x\r\n", "HELLO ''\r\n", "HELLO 3.0\r\n", "HELLO 99999999999999999999\r\n", "HELLO 03\r\n",
	"HELLO 4 AUTH\r\n", "HELLO 3 AUTH\r\n", "HELLO 3 AUTH x\r\n", "HELLO 3 SETNAME\r\n", "HELLO 3 NOSUCH\r\n", "HELLO 2 nosuch x y\r\n",
	"HELLO 3 AUTH nobody pass-x\r\n", "HELLO 3 SETNAME 'a b'\r\n", "HELLO 3 SETNAME a AUTH\r\n", command("HELLO", "3", "a\x00b"), command("HELLO", "3", "a\nb"),
	"HELLO x SETNAME 'a b'\r\n",
	"AUTH\r\n", "AUTH a b c\r\n", "AUTH pass-a\r\n", "AUTH default pass-any\r\n", "AUTH nobody pass-any\r\n", "AUTH DEFAULT pass-any\r\n",
	"CLIENT\r\n", "CLIENT NOSUCH\r\n", "client nosuch a b\r\n", "CLIENT ''\r\n", command("CLIENT", "a\x00b"), command("CLIENT", "a\r\nb"),
	"CLIENT SETNAME\r\n", "CLIENT SETNAME a\r\n", "CLIENT setname a b\r\n", "CLIENT SETNAME 'a b'\r\n", command("CLIENT", "SETNAME", "a\nb"), command("CLIENT", "SETNAME", "\xff"),
	"CLIENT GETNAME\r\n", "CLIENT GETNAME x\r\n", "CLIENT SETNAME a\r\nCLIENT GETNAME\r\nCLIENT SETNAME ''\r\nCLIENT GETNAME\r\n",
	"CLIENT ID x\r\n", "CLIENT INFO x\r\n", "CLIENT REPLY\r\n", "CLIENT REPLY ON\r\n", "CLIENT REPLY x\r\n", "CLIENT TRACKING\r\n", "CLIENT TRACKING x\r\n",
	"CLIENT NO-EVICT\r\n", "CLIENT NO-EVICT on\r\n", "CLIENT NO-EVICT x\r\n",
	command("SELECT", "0\x00"), command("HELLO", "3\x00"), command("CLIENT", "SETNAME", "a\x00b"), command("RESET\r\n"),
	"RESET\r\n", "RESET x\r\n", "CLIENT SETNAME a\r\nRESET\r\nCLIENT GETNAME\r\n",
	"QUIT\r\n", "QUIT\r\nPING\r\n", "PING\r\nquit\r\n",
	"NOSUCH\r\n", "NOSUCH a\r\n", "nosuch a b c\r\n", "''\r\n", command("NOSUCH", ""), command("NO\x00SUCH", "a\x00b", "c"), command("NO\r\nSUCH", "a\r\nb"),
	command(strings.Repeat("n", 127)), command(strings.Repeat("n", 128)), command(strings.Repeat("n", 200), "a"),
	command("NOSUCH", strings.Repeat("a", 124)), command("NOSUCH", strings.Repeat("a", 125)), command("NOSUCH", strings.Repeat("a", 126), "b"), command("NOSUCH", strings.Repeat("a", 300), "b"),
	command("NOSUCH", strings.Repeat("a", 60), strings.Repeat("b", 60), "c", "d"), "NOSUCH" + strings.Repeat(" a", 60) + "\r\n",
	"\r\n", "*0\r\n", "*-1\r\n", "   \r\n", "*1\r\nPING\r\n", "*1\r\n$-1\r\n", "*x\r\n", "ECHO 'a\r\n", "ECHO \"a\"b\r\n",
}

func TestConnectionCommandsAreAnsweredAsByRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, 1)[0]
	f := start(t, setup{})
	compareWithRedis(t, f, redis.Addr(), sameAsRedis)
}

// sameBeforeAuth are answered alike when there is a password. HELLO alone is
// not among them: its refusal has other words since Redis 7.2.
var sameBeforeAuth = []string{
	"PING\r\n", "PING a b\r\n", "ECHO x\r\n", "ECHO\r\n", "SELECT 0\r\n", "CLIENT ID\r\n", "CLIENT SETNAME a\r\n", "INFO\r\n", "NOSUCH a\r\n",
	"HELLO 4\r\n", "HELLO x\r\n", "HELLO 3 AUTH default pass-wrong\r\n", "HELLO 3 AUTH nobody pass-right\r\n", "HELLO 3 AUTH default\r\n",
	"AUTH\r\n", "AUTH pass-wrong\r\n", "AUTH pass-right\r\n", "AUTH default pass-right\r\n", "AUTH nobody pass-right\r\n", "AUTH default pass-wrong\r\n", "AUTH a b c\r\n",
	"AUTH pass-right\r\nPING\r\nAUTH pass-wrong\r\nPING\r\n", "AUTH pass-right\r\nRESET\r\nPING\r\n", "RESET\r\n", "RESET x\r\n", "QUIT\r\n",
	"HELLO 3 AUTH default pass-right NOSUCH\r\nPING\r\n", "HELLO 3 AUTH default pass-right SETNAME 'a b'\r\nPING\r\n", "HELLO 4 AUTH default pass-right\r\nPING\r\n",
	"*11\r\n", "*2\r\n$4\r\nECHO\r\n$16385\r\n", "*2147483648\r\n", "*1\r\n$536870913\r\n",
}

func TestBeforeAuthIsAnsweredAsByRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, 1)[0]
	if err := redis.Client().ConfigSet(t.Context(), "requirepass", "pass-right").Err(); err != nil {
		t.Fatal(err)
	}
	f := start(t, setup{password: "pass-right"})
	compareWithRedis(t, f, redis.Addr(), sameBeforeAuth)
}

func compareWithRedis(t *testing.T, f *front, redis string, inputs []string) {
	for _, hello := range []string{"", "HELLO 3\r\n"} {
		for _, input := range inputs {
			want := answers(dial(t, "tcp", redis), hello, input)
			got := answers(f.dial(), hello, input)
			if got != want {
				t.Errorf("%q after %q: got %q, Redis answers %q", input, hello, got, want)
			}
		}
	}
}

// answers are all bytes that come back for input, to the end of the connection
// or to the reply of an ECHO behind it. The greeting is not compared.
func answers(c *client, hello, input string) string {
	c.t.Helper()
	defer c.close()
	if hello != "" {
		c.send(hello)
		if c.line()[0] != '-' {
			c.send("NOSUCH the-end\r\n")
			for !strings.HasSuffix(c.line(), "'the-end' ") {
			}
		}
	}
	c.send(input + "NOSUCH the-end\r\n")
	var all strings.Builder
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			if err != io.EOF && !strings.Contains(err.Error(), "reset") {
				c.t.Errorf("%q: %v after %q", input, err, all.String())
			}
			return all.String()
		}
		all.WriteByte(b)
		if s := all.String(); b == '\n' && strings.HasSuffix(s, "'the-end' \r\n") {
			return s
		}
	}
}

package commands_test

import (
	"strings"
	"testing"

	"redlock-proxy/commands"
)

func TestEveryRowSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, r := range commands.Rows() {
		words := strings.Fields(r.Usage)
		switch {
		case len(words) == 0 || words[0] != strings.ToUpper(r.Name) || r.Name != strings.ToLower(r.Name):
			t.Errorf("%s: the usage %q does not begin with its name", r.Name, r.Usage)
		case r.Summary == "" || strings.HasSuffix(r.Summary, "."):
			t.Errorf("%s: the summary is %q, want one sentence without its point", r.Name, r.Summary)
		case r.Key > 0 && words[r.Key] != "resource":
			t.Errorf("%s: argument %d is to be the resource, the usage says %q", r.Name, r.Key, r.Usage)
		case r.Acquires && r.Anonymous:
			t.Errorf("%s takes locks without a password", r.Name)
		}
	}
}

// Whatever its arguments are, a command answers once and does not panic.
func TestEveryCommandAnswersEveryNumberOfArguments(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for _, r := range commands.Rows() {
		for n := range 9 {
			for _, word := range []string{"", "0", "3", "x", "token", "auth", "setname", "on", "\x00\xff\r\n"} {
				args := []string{r.Name}
				for range n {
					args = append(args, word)
				}
				if got, is := c.call(args...).(commands.Error); is && strings.Contains(string(got), "internal error") {
					t.Fatalf("%q: %s\n%s", args, got, c.log)
				}
				c.begin()
			}
		}
	}
}

func TestAMistakeInACommandIsAnswered(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.table.Front = nil // INFO calls it
	c.want("INFO clients pass-secret", commands.Error("ERR internal error, see the log of the proxy"))
	if log := c.log.String(); !strings.Contains(log, "command=info") || strings.Contains(log, "pass-secret") {
		t.Errorf("the log should name the command and none of its arguments: %s", log)
	}
	c.want("PING", commands.Simple("PONG"))
}

func TestAWebBrowserEndsItsConnection(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for _, line := range []string{"POST / HTTP/1.1", "post x", "Host: proxy:7379", "HOST:", "QUIT"} {
		c.session.Ended = false
		if c.call(strings.Split(line, " ")...); !c.session.Ended {
			t.Errorf("after %q the connection goes on", line)
		}
	}
	c.session.Ended = false
	for _, line := range []string{"GET / HTTP/1.1", "Host", "PING"} {
		if c.call(strings.Split(line, " ")...); c.session.Ended {
			t.Errorf("%q ended the connection", line)
		}
	}
}

func TestAProxyThatLeavesTakesNoNewLocks(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.grant("LOCK a 60000 TOKEN tok-a")
	c.table.Leave()
	leaving := commands.Error("LEAVING this proxy is shutting down, use another one; UNLOCK and EXTEND still work here for a moment")
	c.want("LOCK b 60000", leaving)
	c.want("TRYLOCK b 60000", leaving)
	c.want("LOCK a 60000 TOKEN tok-a", leaving)
	c.want("LOCK", commands.Error("ERR wrong number of arguments for 'lock' command"))
	c.grant("EXTEND a tok-a 60000")
	c.want("UNLOCK a tok-a", commands.Integer(1))
	c.want("PING", commands.Simple("PONG"))
}

func TestWithAPasswordOnlyLoggingInIsFree(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "pass-right")
	free := map[string]bool{"auth": true, "hello": true, "quit": true, "reset": true}
	for _, r := range commands.Rows() {
		args := []string{r.Name}
		if len(r.Subcommands) > 0 && r.Arity < -1 {
			args = append(args, "HELP")
		}
		for len(args) < max(r.Arity, -r.Arity) {
			args = append(args, "x")
		}
		got := c.call(args...)
		if refused := got == commands.Error("NOAUTH Authentication required."); refused == free[r.Name] {
			t.Errorf("%q without a password: got %#v", args, got)
		}
	}
	wrong := commands.Error("WRONGPASS invalid username-password pair or user is disabled.")
	c.want("AUTH pass-righ", wrong)
	c.want("AUTH pass-right\x00", wrong)
	c.want("AUTH ", wrong)
	c.want("AUTH other pass-right", wrong)
	c.want("PING", commands.Error("NOAUTH Authentication required."))
	c.want("AUTH pass-right", commands.Simple("OK"))
	c.want("PING", commands.Simple("PONG"))
	c.want("AUTH pass-wrong", wrong)
	c.want("PING", commands.Simple("PONG"))
	c.want("RESET", commands.Simple("RESET"))
	c.want("LOCK a 1000", commands.Error("NOAUTH Authentication required."))
	c.want("AUTH default pass-right", commands.Simple("OK"))
	c.want("PING", commands.Simple("PONG"))
}

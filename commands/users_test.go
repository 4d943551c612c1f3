package commands_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"redlock-proxy/commands"
)

const aclFile = `
user default off
user admin on >pass-admin ~* +@all
user jobs on >pass-jobs ~jobs:* +lock +extend +unlock +@connection -client +client|info
user reader on nopass ~* +ping +info
`

// withUsers makes a caller whose table has the users of a file, and a way to
// change the file.
func withUsers(t *testing.T, text string) (c *caller, change func(string)) {
	t.Helper()
	c = newCaller(t, "")
	c.table.OpenUsers = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	if err := c.table.LoadUsers(nil); err != nil {
		t.Fatal(err)
	}
	c.begin()
	c.ended = nil
	return c, func(s string) { text = s }
}

func mayNotRun(name string) commands.Error {
	return commands.Error("NOPERM this user has no permissions to run the '" + name + "' command")
}

const (
	mayNotUse  = commands.Error("NOPERM this user has no permissions to access one of the keys used as arguments")
	noAuth     = commands.Error("NOAUTH Authentication required.")
	wrongPass  = commands.Error("WRONGPASS invalid username-password pair or user is disabled.")
	okay       = commands.Simple("OK")
	guessLimit = commands.Error("LIMIT too many wrong passwords from your address, this one was not looked at; try again in a second")
)

func TestUsersMayDoWhatTheirRulesSay(t *testing.T) {
	t.Parallel()
	c, _ := withUsers(t, aclFile)
	c.want("PING", noAuth)
	c.want("LOCK jobs:1 60000", noAuth)
	c.want("AUTH pass-admin", wrongPass) // for default, which is off
	c.want("AUTH default x", wrongPass)
	c.want("AUTH nobody pass-jobs", wrongPass)
	c.want("AUTH jobs pass-admin", wrongPass)
	c.want("AUTH jobs pass-jobs", okay)
	c.want("ACL WHOAMI", mayNotRun("acl|whoami"))
	c.grant("LOCK jobs:1 60000 TOKEN tok-1")
	c.grant("EXTEND jobs:1 tok-1 60000")
	c.want("TRYLOCK jobs:1 60000", mayNotRun("trylock"))
	for _, line := range []string{"LOCK other 60000", "LOCK jobs 60000", "LOCK Jobs:1 60000", "EXTEND other tok-1 60000", "UNLOCK other tok-1", "LOCK * 60000"} {
		c.want(line, mayNotUse)
	}
	c.want("INFO", mayNotRun("info"))
	c.want("CLIENT KILL ID 1", mayNotRun("client|kill"))
	c.want("client LIST", mayNotRun("client|list"))
	c.want("CLIENT ID", mayNotRun("client|id"))
	if _, is := c.call("CLIENT", "INFO").(commands.Verbatim); !is {
		t.Error("jobs may not CLIENT INFO")
	}
	c.want("CONFIG GET *", mayNotRun("config|get"))
	c.want("ACL LOAD", mayNotRun("acl|load"))
	c.want("UNLOCK jobs:1 tok-1", commands.Integer(1))
	c.want("LOCK a", commands.Error("ERR wrong number of arguments for 'lock' command")) // as Redis: before the rights
	c.want("AUTH reader anything", okay)
	c.want("PING", commands.Simple("PONG"))
	c.want("LOCK jobs:1 60000", mayNotRun("lock"))
	stats := c.info("stats")
	for _, want := range []string{"acl_access_denied_auth:4\r\n", "acl_access_denied_cmd:9\r\n", "acl_access_denied_key:6\r\n"} {
		if !strings.Contains(stats, want) {
			t.Errorf("INFO stats lacks %q:\n%s", want, stats)
		}
	}
	c.want("RESET", commands.Simple("RESET"))
	c.want("PING", noAuth)
	c.wantNoKeys()
}

func TestClientKillOfAUser(t *testing.T) {
	t.Parallel()
	c, _ := withUsers(t, aclFile)
	c.want("AUTH jobs pass-jobs", okay)
	jobs := c.session
	reader := &commands.Session{}
	c.table.Begin(reader, 2, "127.0.0.1:3", "127.0.0.1:2")
	c.session = reader
	c.want("AUTH reader x", okay)
	c.begin()
	c.others = []*commands.Session{jobs, reader}
	c.want("AUTH admin pass-admin", okay)
	c.want("CLIENT KILL USER reader", commands.Integer(1))
	if fmt.Sprint(c.ended) != "[2]" {
		t.Errorf("ended %v, want [2]", c.ended)
	}
	c.want("CLIENT KILL USER nobody", commands.Error("ERR No such user 'nobody'"))
}

func TestACLCommandsTellOfTheUsers(t *testing.T) {
	t.Parallel()
	c, _ := withUsers(t, aclFile)
	c.want("HELLO 3 AUTH admin pass-wrong", wrongPass)
	c.call("HELLO", "3", "AUTH", "admin", "pass-admin")
	c.want("ACL WHOAMI", commands.Bulk("admin"))
	c.want("ACL USERS", commands.Array{commands.Bulk("admin"), commands.Bulk("default"), commands.Bulk("jobs"), commands.Bulk("reader")})
	list := fmt.Sprint(c.call("ACL", "LIST"))
	for _, want := range []string{"user default off ", "user reader on nopass ~* resetchannels -@all +ping +info"} {
		if !strings.Contains(list, want) {
			t.Errorf("ACL LIST lacks %q: %s", want, list)
		}
	}
	if shown := list + fmt.Sprint(c.call("ACL", "GETUSER", "jobs")); strings.Contains(shown, "pass-") {
		t.Errorf("a password is shown: %s", shown)
	}
	c.want("ACL DRYRUN jobs lock jobs:1 1000", okay)
	c.want("ACL DRYRUN jobs lock other 1000", commands.Bulk("This user has no permissions to access the 'other' key"))
	c.want("ACL DRYRUN jobs client kill 1", commands.Bulk("This user has no permissions to run the 'client|kill' command"))
	c.want("ACL CAT lock", commands.Array{commands.Bulk("extend"), commands.Bulk("lock"), commands.Bulk("trylock"), commands.Bulk("unlock")})
	if cats := c.call("ACL", "CAT").(commands.Array); !slices.Contains(cats, commands.Reply(commands.Bulk("lock"))) {
		t.Errorf("ACL CAT lacks lock: %v", cats)
	}
}

func TestLoadingUsersEndsThoseThatChanged(t *testing.T) {
	t.Parallel()
	c, change := withUsers(t, aclFile)
	admin := c.session
	c.want("AUTH admin pass-admin", okay)
	c.begin()
	jobs := c.session
	c.want("AUTH jobs pass-jobs", okay)

	c.session = admin
	c.others = []*commands.Session{jobs}
	change("user admin on >pass-admin ~* +@all\nuser jobs on >pass-jobs ~jobs:* nonsense\n")
	if got, is := c.call("ACL", "LOAD").(commands.Error); !is || !strings.Contains(string(got), "line 2") || strings.Contains(string(got), "pass-") {
		t.Errorf("a broken file: got %q", got)
	}
	if len(c.ended) > 0 {
		t.Error("a broken file ended a connection")
	}
	change("user admin on >pass-admin ~* +@all\nuser jobs on >pass-jobs ~other:* +lock\n")
	c.want("ACL LOAD", okay)
	if len(c.ended) != 1 {
		t.Errorf("ended %v, want the one whose rules changed", c.ended)
	}
	c.want("PING", commands.Simple("PONG")) // admin is as before

	c.session = jobs // as if a command of it had been on its way
	c.want("LOCK jobs:1 60000", noAuth)
	if !jobs.Ended {
		t.Error("a connection whose user changed goes on")
	}
	c.session, c.others = admin, nil
	change("user admin off\n")
	c.want("ACL LOAD", okay)
	if !admin.Ended || len(c.ended) != 1 {
		t.Errorf("who loads a file that takes its own rights away goes on (%v), or was cut off before the answer: %v", !admin.Ended, c.ended)
	}
	c.wantNoKeys()
}

// An emptied file would let anybody in; where strangers can reach the proxy it
// is refused, at a reload too.
func TestUsersThatLetAnybodyInAreRefusedWhereStrangersAre(t *testing.T) {
	t.Parallel()
	c, change := withUsers(t, aclFile)
	c.table.MustLogIn = true
	for _, text := range []string{"", "user default on nopass\n", "user admin on >pass-admin ~* +@all\n"} {
		change(text)
		if err := c.table.LoadUsers(nil); !errors.Is(err, commands.ErrOpen) {
			t.Errorf("%q: got %v, want ErrOpen", text, err)
		}
	}
	c.want("PING", noAuth)
	c.want("AUTH jobs pass-jobs", okay)
	change("user default off\nuser jobs on >pass-jobs +ping\n")
	if err := c.table.LoadUsers(nil); err != nil {
		t.Error(err)
	}
}

func TestWrongPasswordsWaitAndAreLimited(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "pass-right")
	wrongs := 0
	for c.call("AUTH", "pass-wrong") == wrongPass {
		if wrongs++; len(c.held) != wrongs || c.held[wrongs-1] != c.table.GuessDelay {
			t.Fatalf("wrong password %d waited %v", wrongs, c.held)
		}
		if wrongs > 1000 {
			t.Fatal("guessing is not limited")
		}
	}
	if wrongs < 30 {
		t.Errorf("only %d wrong passwords were looked at", wrongs)
	}
	c.want("AUTH pass-right", guessLimit) // otherwise the limit would be of no use
	c.want("HELLO 3 AUTH default pass-right", guessLimit)

	c.session = &commands.Session{} // the same host by another port
	c.table.Begin(c.session, 2, "127.0.0.1:4711", "")
	c.want("AUTH pass-right", guessLimit)
	c.table.Begin(c.session, 3, "192.0.2.1:1", "")
	c.want("AUTH pass-right", okay)

	c.table.Begin(c.session, 3, "127.99.0.2:1", "") // this machine is one
	c.want("AUTH pass-right", guessLimit)
	c.table.Begin(c.session, 3, "192.0.2.1:1", "")

	right := 0
	for range 1000 { // right ones do not count
		if c.call("AUTH", "pass-right") == okay {
			right++
		}
	}
	if right != 1000 {
		t.Errorf("of 1000 right passwords %d were taken", right)
	}
	for i := range 100 { // one IPv6 network is one host
		c.table.Begin(c.session, 4, fmt.Sprintf("[2001:db8::%x]:1", i), "")
		c.call("AUTH", "pass-wrong")
	}
	c.table.Begin(c.session, 5, "[2001:db8::ffff:1]:1", "")
	c.want("AUTH pass-right", guessLimit)
	c.table.Begin(c.session, 6, "[2001:db8:0:1::1]:1", "")
	c.want("AUTH pass-right", okay)
}

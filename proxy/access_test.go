package proxy_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

const wrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

// A guesser with many connections that pipelines, hangs up early and mixes in
// the right password at the end gets a few guesses looked at each second.
func TestGuessingPasswordsIsSlow(t *testing.T) {
	t.Parallel()
	f := start(t, setup{password: password, guessDelay: 20 * time.Millisecond})
	began := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked, refused := 0, 0
	for range 20 {
		wg.Go(func() {
			for range 5 { // hangs up each time
				c := f.dial()
				c.send(strings.Repeat("AUTH pass-guess\r\n", 20) + "QUIT\r\n")
				all, err := io.ReadAll(c.in)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				looked += strings.Count(string(all), wrongPass)
				refused += strings.Count(string(all), "-LIMIT too many wrong passwords")
				mu.Unlock()
				c.close()
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	// 30 at once and 10 a second, as README says.
	if most := 30 + int(10*took.Seconds()) + 1; looked > most || looked < 30 || looked+refused != 2000 {
		t.Errorf("in %v %d guesses were looked at and %d refused, want at most %d looked at of 2000", took, looked, refused, most)
	}
	eventually(t, "the guesser's host may log in again", func() bool {
		c := f.dial()
		defer c.close()
		c.send("AUTH " + password + "\r\n")
		return c.line() == "+OK"
	})
}

// What stands behind a wrong password is not run before its answer, nor as
// somebody who has logged in.
func TestAWrongPasswordHoldsItsConnection(t *testing.T) {
	t.Parallel()
	const delay = 300 * time.Millisecond
	f := start(t, setup{password: password, guessDelay: delay})
	c := f.dial()
	began := time.Now()
	c.send("AUTH pass-wrong\r\nLOCK a 60000\r\nHELLO 3 AUTH default pass-wrong\r\nLOCK a 60000\r\n")
	c.want(wrongPass + "-NOAUTH Authentication required.\r\n" + wrongPass + "-NOAUTH Authentication required.\r\n")
	if took := time.Since(began); took < 2*delay {
		t.Errorf("two wrong passwords took %v, want at least %v", took, 2*delay)
	}
	c.send("AUTH pass-wrong\r\n")
	c.close() // while it waits
	f.wantClients(0)
	f.wantNoKeys()
}

// bypasses are ways around the rules of a user who may lock what begins with
// jobs: and nothing else.
var bypasses = []string{
	"LOCK other 60000", "lock other 60000", "LoCk other 60000", "TRYLOCK jobs:1 60000", "trylock jobs:1 60000",
	"LOCK jobs 60000", "LOCK JOBS:1 60000", "LOCK ' jobs:1' 60000", "LOCK \"\\x00jobs:1\" 60000", "LOCK *jobs:1 60000", "LOCK '' 60000", "LOCK [j]obs:1 60000", "LOCK __redlock:member 60000",
	"LOCK other 60000 TOKEN jobs:1", "EXTEND other jobs:1 60000", "UNLOCK other jobs:1",
	"ACL WHOAMI", "ACL LOAD", "ACL LIST", "ACL DRYRUN admin lock x 1000", "acl getuser admin", "CONFIG GET *", "CONFIG SET requirepass ''",
	"CLIENT KILL TYPE normal", "CLIENT LIST", "CLIENT PAUSE 100000", "CLIENT UNPAUSE", "CLIENT NO-EVICT ON", "INFO", "INFO redlock", "SLOWLOG GET", "COMMAND GETKEYS", "LATENCY RESET", "PUBSUB CHANNELS",
	"SUBSCRIBE a", "PSUBSCRIBE *", "DBSIZE", "ROLE", "MEMORY USAGE other", "WAIT 0 0", "CLUSTER NODES",
	"AUTH admin ''", "AUTH admin pass-jobs", "AUTH default ''", "AUTH default pass-jobs", "AUTH off pass-off", "AUTH '' ''", "HELLO 3 AUTH admin pass-jobs", "HELLO 3 AUTH default ''", "HELLO 2 AUTH off pass-off",
	"EXEC", "EVAL 'return 1' 0", "GET other", "DEBUG SLEEP 0", "MONITOR", "SHUTDOWN", "REPLICAOF NO ONE",
}

func TestNoWayAroundTheRulesOfAUser(t *testing.T) {
	t.Parallel()
	f := start(t, setup{users: "user default off\nuser admin on >pass-admin ~* +@all\nuser off off >pass-off ~* +@all\n" +
		"user jobs on >pass-jobs ~jobs:* -@all +lock +unlock +extend +client|id\n"})
	admin := f.dial()
	admin.send("AUTH admin pass-admin\r\nLOCK other 60000 TOKEN tok-other\r\n")
	admin.want("+OK\r\n")
	admin.wantGrant("tok-other", 60000)
	for _, proto := range []string{"2", "3"} {
		c := f.dial()
		c.send("HELLO " + proto + " AUTH jobs pass-jobs\r\nLOCK jobs:1 60000 TOKEN tok-j\r\nUNLOCK jobs:1 tok-j\r\n")
		for !strings.HasPrefix(c.line(), ":1") || c.in.Buffered() > 0 {
		}
		for _, line := range bypasses {
			c.send(line + "\r\nCLIENT ID\r\n")
			got := c.line()
			if !strings.HasPrefix(got, "-NOPERM ") && !strings.HasPrefix(got, "-WRONGPASS ") && !strings.HasPrefix(got, "-ERR ") && !strings.HasPrefix(got, "-LIMIT ") {
				t.Errorf("RESP%s: %s: got %q", proto, line, got)
			}
			if id := c.line(); !strings.HasPrefix(id, ":") {
				t.Fatalf("RESP%s: behind %s: got %q", proto, line, id)
			}
		}
		// Neither does leaving one's user help.
		c.send("RESET\r\nLOCK jobs:1 60000\r\nCLIENT ID\r\n")
		c.want("+RESET\r\n-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n")
	}
	admin.send("UNLOCK other tok-other\r\n")
	admin.want(":1\r\n")
	f.wantNoKeys()
}

// Until it has logged in a client gets Redis' tight limits, with users too.
func TestOversizedBeforeLoggingIn(t *testing.T) {
	t.Parallel()
	f := start(t, setup{users: "user default off\nuser a on >pass-a ~* +@all\n"})
	for send, want := range map[string]string{
		"*11\r\n":                        "-ERR Protocol error: unauthenticated multibulk length\r\n",
		"*2\r\n$4\r\nECHO\r\n$16385\r\n": "-ERR Protocol error: unauthenticated bulk length\r\n",
		"*1000000000\r\n":                "-ERR Protocol error: unauthenticated multibulk length\r\n",
		strings.Repeat("a", 20000):       "-ERR Protocol error: too big inline request\r\n",
	} {
		c := f.dial()
		c.send(send)
		c.want(want)
		c.wantEnd()
	}
	c := f.dial()
	c.send("AUTH a pass-a\r\n" + command(append([]string{"PING"}, make([]string, 200)...)...))
	c.want("+OK\r\n-ERR wrong number of arguments for 'ping' command\r\n")
	c.send("RESET\r\n*11\r\n") // tight again
	c.want("+RESET\r\n-ERR Protocol error: unauthenticated multibulk length\r\n")
	c.wantEnd()
}

// The end of a session by ACL LOAD takes back a grant that is not delivered.
func TestEndingAClientUndoesWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f *front, victim, other *client){
		"CLIENT KILL": func(_ *front, victim, other *client) {
			other.send("CLIENT KILL ADDR " + victim.conn.LocalAddr().String() + "\r\n")
			other.want(":1\r\n")
		},
		"ACL LOAD": func(f *front, _, other *client) {
			f.users = "user default on nopass ~* +@all\n"
			other.send("ACL LOAD\r\n")
			other.want("+OK\r\n")
		},
	} {
		f := start(t, setup{users: "user default on nopass ~* +@all\nuser u on >pass-u ~* +@all\n"})
		other, victim := f.dial(), f.dial()
		reached := f.holdUp("a")
		victim.send("AUTH u pass-u\r\nLOCK a 60000 TOKEN tok-a\r\n")
		victim.want("+OK\r\n")
		reached()
		end(f, victim, other)
		victim.wantEnd()
		f.letGo("a")
		eventually(t, name+": the lock is undone", func() bool { return f.on("a") == 0 })
		other.wantAlive()
		f.wantNoKeys()
	}
}

// Replies that are not wanted are not sent, however the commands arrive.
func TestRepliesThatAreNotWantedAreNotSent(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	for i := range 50 {
		c.send("CLIENT REPLY OFF\r\n")
		c.send(fmt.Sprintf("LOCK a%d 60000\r\n", i))
		c.send("CLIENT REPLY ON\r\n")
		c.want("+OK\r\n")
		c.send("CLIENT REPLY SKIP\r\n")
		c.send("PING\r\n")
		c.send("ECHO x\r\n")
		c.want("$1\r\nx\r\n")
	}
	f.wantNoKeys()
}

// Every reply kind that only newer commands use, in both protocols.
func TestPushSetAndMapReplies(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	c := f.dial()
	c.send("SUBSCRIBE a b\r\n")
	c.want("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
	c.send("RESET\r\nHELLO 3\r\n")
	c.want("+RESET\r\n")
	c.wantGreeting(3, 1)
	c.send("SUBSCRIBE a b\r\nUNSUBSCRIBE\r\nCLIENT TRACKINGINFO\r\nPING\r\n")
	c.want(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n" +
		">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n" +
		"%3\r\n$5\r\nflags\r\n~1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n+PONG\r\n")
}

// However long a pipeline is, what stands behind its MULTI is not run.
func TestLongTransactionsAreNotRun(t *testing.T) {
	t.Parallel()
	f := start(t, setup{})
	for _, length := range []int{1, 400, 600, 1000} {
		c := f.dial()
		resource := strings.Repeat("r", length)
		c.send(command("MULTI") + command("LOCK", resource, "60000") + command("LOCK", resource+"2", "60000") + command("EXEC"))
		for _, want := range []string{"-ERR unknown command 'MULTI'", "-ERR not run", "-ERR not run", "-EXECABORT"} {
			if got := c.line(); !strings.HasPrefix(got, want) {
				t.Errorf("%d bytes: got %q, want %q", length, got, want)
			}
		}
		c.wantAlive()
	}
	f.wantNoKeys()
}

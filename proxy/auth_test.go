package proxy_test

import (
	"strings"
	"testing"
)

const password = "pass-right"

func TestWithoutThePasswordNothingButLoggingInWorks(t *testing.T) {
	t.Parallel()
	f := start(t, setup{password: password})
	c := f.dial()
	for _, args := range []string{"LOCK a 60000", "TRYLOCK a 60000", "EXTEND a tok-a 60000", "UNLOCK a tok-a", "PING", "ECHO x", "INFO", "CLIENT ID", "SELECT 0"} {
		c.send(args + "\r\n")
		c.want("-NOAUTH Authentication required.\r\n")
	}
	// The words of Redis from 7.2 on, which is what the proxy says it is.
	hello := "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n"
	wrong := "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	for _, tt := range []struct{ send, want string }{
		{"HELLO", hello},
		{"HELLO 3", hello},
		{"HELLO 3 SETNAME a", hello},
		{"HELLO 3 AUTH default pass-wrong", wrong},
		{"HELLO 3 AUTH root pass-right", wrong},
		{"AUTH pass-wrong", wrong},
		{"AUTH default pass-wrong", wrong},
		{"AUTH root pass-right", wrong},
		{"AUTH pass-right pass-right", wrong},
		{"NOSUCH pass-right", "-ERR unknown command 'NOSUCH', with args beginning with: 'pass-right' \r\n"},
		{"GET pass-right", "-NOAUTH Authentication required.\r\n"},
		{"RESET", "+RESET\r\n"},
		{"PING", "-NOAUTH Authentication required.\r\n"},
	} {
		c.send(tt.send + "\r\n")
		c.want(tt.want)
	}
	c.send("QUIT\r\n")
	c.want("+OK\r\n")
	c.wantEnd()
	f.wantNoKeys()
}

func TestLoggingIn(t *testing.T) {
	t.Parallel()
	f := start(t, setup{password: password})
	c := f.dial()
	for _, logIn := range []string{"AUTH pass-right", "auth default pass-right"} {
		c.send(logIn + "\r\nLOCK a 60000 TOKEN tok-a\r\nUNLOCK a tok-a\r\nRESET\r\nPING\r\n")
		c.want("+OK\r\n")
		c.wantGrant("tok-a", 60000)
		c.want(":1\r\n+RESET\r\n-NOAUTH Authentication required.\r\n")
	}
	c.send("HELLO 3 AUTH default pass-right SETNAME n\r\nCLIENT GETNAME\r\nHELLO 2 AUTH default pass-wrong\r\nCLIENT GETNAME\r\n")
	c.wantGreeting(3, 1)
	c.want("$1\r\nn\r\n-WRONGPASS invalid username-password pair or user is disabled.\r\n$1\r\nn\r\n")
}

func TestStrangersGetLittleRoom(t *testing.T) {
	t.Parallel()
	f := start(t, setup{password: password})
	for input, want := range map[string]string{
		"*11\r\n":                        "-ERR Protocol error: unauthenticated multibulk length\r\n",
		"*2\r\n$4\r\nECHO\r\n$16385\r\n": "-ERR Protocol error: unauthenticated bulk length\r\n",
		"*10\r\n" + strings.Repeat("$1\r\na\r\n", 10): "-ERR unknown command 'a', with args beginning with: " + strings.Repeat("'a' ", 9) + "\r\n",
		command("ECHO", strings.Repeat("a", 16384)):   "-NOAUTH Authentication required.\r\n",
	} {
		c := f.dial()
		c.send(input)
		c.want(want)
		if strings.Contains(want, "Protocol error") {
			c.wantEnd()
		}
	}
	// Logged in there is more, from the next command on, and out again less.
	c := f.dial()
	eleven := command("NOSUCH", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
	reply := "-ERR unknown command 'NOSUCH', with args beginning with: '1' '2' '3' '4' '5' '6' '7' '8' '9' '10' \r\n"
	c.send("AUTH pass-right\r\n" + eleven + "RESET\r\n" + eleven + "AUTH pass-right\r\n")
	c.want("+OK\r\n" + reply + "+RESET\r\n-ERR Protocol error: unauthenticated multibulk length\r\n")
	c.wantEnd()
}

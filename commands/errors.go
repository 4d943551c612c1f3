package commands

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// Every error that a client can get stands in this file. The first word is a
// code and part of the API. Those of Redis are Redis' sentences to the letter:
// clients compare them.
const (
	errSyntax      = Error("ERR syntax error")
	errNotInteger  = Error("ERR value is not an integer or out of range")
	errDBIndex     = Error("ERR DB index is out of range")
	errNoAuth      = Error("NOAUTH Authentication required.")
	errWrongPass   = Error("WRONGPASS invalid username-password pair or user is disabled.")
	errNoPassword  = Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	errNoProto     = Error("NOPROTO unsupported protocol version")
	errProtoNumber = Error("ERR Protocol version is not an integer or out of range")
	errHelloNoAuth = Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
	errNoCluster   = Error("ERR This instance has cluster support disabled")
	errNoRewrite   = Error("ERR The server is running without a config file")
	errExecAbort   = Error("EXECABORT Transaction discarded because of previous errors.")
	errClientID    = Error("ERR Invalid client ID")
	errKillID      = Error("ERR client-id should be greater than 0")
	errNoClient    = Error("ERR No such client")
	errUnblock     = Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	errPauseMode   = Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
	errCaching     = Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	errGetKeys     = Error("ERR Invalid command specified")
	errGetKeysArgs = Error("ERR Invalid number of arguments specified for command")
	errNoKeys      = Error("ERR The command has no key arguments")
	errClientName  = Error("ERR Client names cannot contain spaces, newlines or special characters.")

	errInternal     = Error("ERR internal error, see the log of the proxy")
	errLeaving      = Error("LEAVING this proxy is shutting down, use another one; UNLOCK and EXTEND still work here for a moment")
	errTooLate      = Error("TOOLATE a majority of the nodes said yes when no validity was left, and it was undone; use a longer ttl, or find out why the nodes are slow")
	errExtendedLate = Error("TOOLATE a majority of the nodes said yes when no validity was left; the lock may have lapsed, EXTEND again to find out")
	errOverloaded   = Error("LIMIT the proxy is overloaded, too many requests wait for the nodes; try again in a moment")
	errBehindMulti  = Error("ERR not run: it was sent behind MULTI, and redlock-proxy has no transactions; send the commands in a plain pipeline")
	errNoConfigSet  = Error("ERR redlock-proxy is configured by flags and can not be changed while it runs, see redlock-proxy serve --help")
	errNoACLFile    = Error("ERR there is no ACL file, start the proxy with --aclfile")
	errGuessing     = Error("LIMIT too many wrong passwords from your address, this one was not looked at; try again in a second")

	errNoKeyPermission = Error("NOPERM this user has no permissions to access one of the keys used as arguments")
	errCursor          = Error("ERR invalid cursor")
	errOtherType       = Error("ERR the key on the nodes is no string, or longer than 1024 bytes, so it is no lock that can be released here; if it is not wanted, delete it on the nodes")
	errNotPositive     = Error("ERR value is out of range, must be positive")
	errTimeoutNumber   = Error("ERR timeout is not an integer or out of range")
	errTimeoutNegative = Error("ERR timeout is negative")
)

// Of a LOCK that waits.
const (
	errUnblockedByClient = Error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
	errWaiters           = Error("LIMIT as many LOCKs wait as this proxy lets (--max-waiters); try again later, or use another proxy")
	errResourceWaiters   = Error("LIMIT as many LOCKs wait for this resource as may (--max-waiters-per-resource); try again later")
)

var errSessionWaits = Error(fmt.Sprintf("LIMIT %d LOCKs of this connection wait already, as many as may; use more connections", maxWaits))

const errHolds = Error("LIMIT as many locks are held with AUTOEXTEND as may (--max-holds); try again later, or without it")

// lockLost answers what is pending on a connection whose lock can no longer be
// held.
func lockLost(resource string) Error { return Error("LOCKLOST " + resource) }

func maxHoldTooLong(got int64, most time.Duration) Error {
	return Error(fmt.Sprintf("ERR MAXHOLD of %d ms is over the limit of %d ms (--max-hold)", got, most.Milliseconds()))
}

func maxHoldBelowTTL(got, ttl time.Duration) Error {
	return Error(fmt.Sprintf("ERR MAXHOLD of %d ms is below the ttl of %d ms, for which the lock is taken at least", got.Milliseconds(), ttl.Milliseconds()))
}

func ttlOverMaxHold(ttl, most time.Duration) Error {
	return Error(fmt.Sprintf("ERR ttl of %d ms is longer than AUTOEXTEND may hold a lock, which is %d ms (--max-hold)", ttl.Milliseconds(), most.Milliseconds()))
}

// errUnblocked ends a wait by CLIENT UNBLOCK ... ERROR.
var errUnblocked = errors.New("unblocked")

var errPattern = Error(fmt.Sprintf("ERR pattern too long: at most %d bytes are allowed", maxPattern))

var errPauseTooLong = Error(fmt.Sprintf("ERR at most %d ms, end it with CLIENT UNPAUSE", longestPause.Milliseconds()))

// errSubscriptions names the limit of a connection.
var errSubscriptions = Error(fmt.Sprintf("LIMIT at most %d subscriptions of %d bytes together for a connection", maxSubscriptions, maxSubscriptionSize))

// ErrUnread takes the place of a large reply when too many of them wait for
// clients that do not read.
const ErrUnread = Error("LIMIT too many large replies wait to be read by their clients, try again in a moment")

// ErrHungUp takes the place of a grant that was undone because its client had
// closed the connection. Only a client that closed just its sending half can
// see it.
const ErrHungUp = Error("ERR the client closed the connection before the grant; it was undone")

func unknownCommand(args [][]byte) Error {
	var b strings.Builder
	fmt.Fprintf(&b, "ERR unknown command '%s', with args beginning with: ", text(args[0], 128))
	room := 128
	for _, a := range args[1:] {
		if room <= 0 {
			break
		}
		quoted := fmt.Sprintf("'%s' ", text(a, room))
		b.WriteString(quoted)
		room -= len(quoted)
	}
	return Error(b.String())
}

// text shows an argument as Redis does: cut, and up to a NUL.
func text(arg []byte, most int) string {
	arg, _, _ = bytes.Cut(arg, []byte{0})
	return string(arg[:min(len(arg), most)])
}

func wrongNumber(name string) Error {
	return Error("ERR wrong number of arguments for '" + name + "' command")
}

func unknownSubcommand(name []byte, command string) Error {
	return Error(fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.", text(name, 128), command))
}

func invalidExpire(name string) Error {
	return Error("ERR invalid expire time in '" + name + "' command")
}

// foreignCommand begins like the error for an unknown command, as clients look
// for those words to find out what a server has. Not for scripts: Redisson 4
// takes them for a server that lacks EVALSHA_RO, and sends EVALSHA for ever.
func foreignCommand(name []byte, f *family) Error {
	start := "ERR unknown command '%s'"
	if f.name == scripts {
		start = "ERR '%s' is not available"
	}
	return Error(fmt.Sprintf(start+": this is redlock-proxy, which %s; see COMMAND LIST for what it has", text(name, 128), f.sentence))
}

func withoutMulti(name string) Error {
	return Error("ERR " + strings.ToUpper(name) + " without MULTI")
}

func notDuringSubscription(name string) Error {
	return Error("ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
}

func noCommandPermission(name string) Error {
	return Error("NOPERM this user has no permissions to run the '" + name + "' command")
}

// failure turns an error of the quorum into what the client reads.
func failure(err error) Reply {
	var argument *redlock.ArgumentError
	switch {
	case errors.As(err, &argument):
		return badArgument(argument)
	case errors.Is(err, redlock.ErrNoQuorum):
		return Error("NOQUORUM " + err.Error())
	case errors.Is(err, redlock.ErrTooLate):
		return errTooLate
	case errors.Is(err, redlock.ErrOverloaded):
		return errOverloaded
	case errors.Is(err, redlock.ErrClosed):
		return errLeaving
	default: // the call's context: nobody is left to read this
		return ErrHungUp
	}
}

func ttlTooShort(got int64, least time.Duration) Error {
	return Error(fmt.Sprintf("ERR ttl of %d ms leaves no validity after the drift, use at least %d ms (see --drift-factor)", got, least.Milliseconds()))
}

func ttlTooLong(got int64, most time.Duration) Error {
	return Error(fmt.Sprintf("ERR ttl of %d ms is over the limit of %d ms (--max-ttl)", got, most.Milliseconds()))
}

// badArgument names the limit of a resource or a token.
func badArgument(e *redlock.ArgumentError) Error {
	switch {
	case e.Reserved:
		return "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"
	case e.Got == 0:
		return Error("ERR " + e.Argument + " is empty")
	default:
		return Error(fmt.Sprintf("ERR %s too long: %d bytes, at most %d are allowed", e.Argument, e.Got, e.Most))
	}
}

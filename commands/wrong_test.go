package commands_test

import (
	"strconv"
	"strings"
	"testing"

	"redlock-proxy/commands"
)

// wrong are commands that are refused, with the whole sentence. Words are
// separated by single spaces; "" between two stands for an empty argument.
var wrong = []struct{ command, want string }{
	{"LOCK", "ERR wrong number of arguments for 'lock' command"},
	{"LOCK a", "ERR wrong number of arguments for 'lock' command"},
	{"lock a", "ERR wrong number of arguments for 'lock' command"},
	{"TRYLOCK", "ERR wrong number of arguments for 'trylock' command"},
	{"TRYLOCK a", "ERR wrong number of arguments for 'trylock' command"},
	{"EXTEND", "ERR wrong number of arguments for 'extend' command"},
	{"EXTEND a tok-a", "ERR wrong number of arguments for 'extend' command"},
	{"EXTEND a tok-a 1000 x", "ERR wrong number of arguments for 'extend' command"},
	{"UNLOCK", "ERR wrong number of arguments for 'unlock' command"},
	{"UNLOCK a", "ERR wrong number of arguments for 'unlock' command"},
	{"UNLOCK a tok-a x", "ERR wrong number of arguments for 'unlock' command"},

	{"LOCK a 0", "ERR invalid expire time in 'lock' command"},
	{"LOCK a -1", "ERR invalid expire time in 'lock' command"},
	{"LOCK a -9223372036854775808", "ERR invalid expire time in 'lock' command"},
	{"TRYLOCK a 0", "ERR invalid expire time in 'trylock' command"},
	{"EXTEND a tok-a 0", "ERR invalid expire time in 'extend' command"},
	{"EXTEND a tok-a -5", "ERR invalid expire time in 'extend' command"},
	{"LOCK a abc", "ERR value is not an integer or out of range"},
	{"LOCK a ", "ERR value is not an integer or out of range"},
	{"LOCK a -", "ERR value is not an integer or out of range"},
	{"LOCK a 1.5", "ERR value is not an integer or out of range"},
	{"LOCK a 1e3", "ERR value is not an integer or out of range"},
	{"LOCK a 0x10", "ERR value is not an integer or out of range"},
	{"LOCK a 1_000", "ERR value is not an integer or out of range"},
	{"LOCK a 1000ms", "ERR value is not an integer or out of range"},
	{"LOCK a 1000\x00", "ERR value is not an integer or out of range"},
	{"LOCK a \t1000", "ERR value is not an integer or out of range"},
	{"LOCK a +5", "ERR value is not an integer or out of range"},
	{"LOCK a 05", "ERR value is not an integer or out of range"},
	{"LOCK a -0", "ERR value is not an integer or out of range"},
	{"LOCK a --5", "ERR value is not an integer or out of range"},
	{"LOCK a 9223372036854775808", "ERR value is not an integer or out of range"},
	{"LOCK a -9223372036854775809", "ERR value is not an integer or out of range"},
	{"LOCK a 18446744073709551617", "ERR value is not an integer or out of range"},
	{"LOCK a 99999999999999999999", "ERR value is not an integer or out of range"},
	{"TRYLOCK a abc", "ERR value is not an integer or out of range"},
	{"EXTEND a tok-a abc", "ERR value is not an integer or out of range"},
	{"LOCK a 300001", "ERR ttl of 300001 ms is over the limit of 300000 ms (--max-ttl)"},
	{"TRYLOCK a 300001", "ERR ttl of 300001 ms is over the limit of 300000 ms (--max-ttl)"},
	{"EXTEND a tok-a 300001", "ERR ttl of 300001 ms is over the limit of 300000 ms (--max-ttl)"},
	{"LOCK a 1000000000000", "ERR ttl of 1000000000000 ms is over the limit of 300000 ms (--max-ttl)"},

	{"LOCK a 1000 x", "ERR syntax error"},
	{"LOCK a 1000 TOKEN", "ERR syntax error"},
	{"LOCK a 1000 TOKEN tok-a TOKEN", "ERR syntax error"},
	{"LOCK a 1000 TOKEN tok-a TOKEN tok-b", "ERR syntax error"},
	{"LOCK a 1000 TOKEN tok-a token tok-a", "ERR syntax error"},
	{"LOCK a 1000 NX", "ERR syntax error"},
	{"LOCK a 1000 TOKENS tok-a", "ERR syntax error"},
	{"LOCK a 1000 TOKEN\x00 tok-a", "ERR syntax error"},
	{"LOCK a 0 x", "ERR syntax error"},
	{"TRYLOCK a 1000 x", "ERR syntax error"},
	{"TRYLOCK a 1000 TOKEN", "ERR syntax error"},
	{"TRYLOCK a 1000 BLOCK 5", "ERR syntax error"},
	{"TRYLOCK a 1000 RETRY 5", "ERR syntax error"},
	{"LOCK a 1000 BLOCK", "ERR syntax error"},
	{"LOCK a 1000 RETRY", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 5 RETRY 5", "ERR syntax error"},
	{"LOCK a 1000 retry 5 TOKEN tok-a block 5", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 5 BLOCK 5", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 5 6", "ERR syntax error"},
	{"LOCK a 1000 BLOCK 0.5", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK 9223372036854775808", "ERR timeout is not an integer or out of range"},
	{"LOCK a 1000 BLOCK -1", "ERR timeout is negative"},
	{"LOCK a 1000 RETRY x", "ERR value is not an integer or out of range"},
	{"LOCK a 1000 RETRY -1", "ERR value is out of range, must be positive"},
	{"LOCK a 1000 TOKEN tok-a Fence FENCE", "ERR syntax error"},
	{"TRYLOCK a 1000 FENCE 1", "ERR syntax error"},

	{"LOCK  1000", "ERR resource is empty"},
	{"TRYLOCK  1000", "ERR resource is empty"},
	{"EXTEND  tok-a 1000", "ERR resource is empty"},
	{"UNLOCK  tok-a", "ERR resource is empty"},
	{"LOCK a 1000 TOKEN ", "ERR token is empty"},
	{"TRYLOCK a 1000 TOKEN ", "ERR token is empty"},
	{"EXTEND a  1000", "ERR token is empty"},
	{"UNLOCK a ", "ERR token is empty"},
	{"LOCK <1025> 1000", "ERR resource too long: 1025 bytes, at most 1024 are allowed"},
	{"TRYLOCK <1025> 1000", "ERR resource too long: 1025 bytes, at most 1024 are allowed"},
	{"EXTEND <1025> tok-a 1000", "ERR resource too long: 1025 bytes, at most 1024 are allowed"},
	{"UNLOCK <1025> tok-a", "ERR resource too long: 1025 bytes, at most 1024 are allowed"},
	{"LOCK a 1000 TOKEN <257>", "ERR token too long: 257 bytes, at most 256 are allowed"},
	{"EXTEND a <257> 1000", "ERR token too long: 257 bytes, at most 256 are allowed"},
	{"UNLOCK a <257>", "ERR token too long: 257 bytes, at most 256 are allowed"},
	{"LOCK __redlock: 1000", "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"},
	{"TRYLOCK __redlock:member 1000", "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"},
	{"EXTEND __redlock:member tok-a 1000", "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"},
	{"UNLOCK __redlock:member tok-a", "ERR a resource may not begin with '__redlock:', which is for the proxies' own keys"},

	{"CLIENT SETINFO", "ERR wrong number of arguments for 'client|setinfo' command"},
	{"CLIENT SETINFO LIB-NAME", "ERR wrong number of arguments for 'client|setinfo' command"},
	{"CLIENT SETINFO LIB-AGE 3", "ERR Unrecognized option 'LIB-AGE'"},
	{"CLIENT SETINFO LIB-NAME a\nb", "ERR lib-name cannot contain spaces, newlines or special characters."},
	{"CLIENT SETINFO lib-ver \x7f", "ERR lib-ver cannot contain spaces, newlines or special characters."},
	{"CLIENT NO-TOUCH", "ERR wrong number of arguments for 'client|no-touch' command"},
	{"CLIENT NO-TOUCH x", "ERR syntax error"},
	{"CLIENT CAPA", "ERR wrong number of arguments for 'client|capa' command"},
	{"PING\x00", "ERR unknown command 'PING', with args beginning with: "},
	{"CLIENT ID\x00", "ERR unknown subcommand 'ID'. Try CLIENT HELP."},
	{"CLIENT SETINFO lib-name\x00 a", "ERR Unrecognized option 'lib-name'"},
	{"EVAL x", "ERR 'EVAL' is not available: this is redlock-proxy, which runs no scripts; see COMMAND LIST for what it has"},
	{"set a b c", "ERR unknown command 'set': this is redlock-proxy, which keeps locks and no data; see COMMAND LIST for what it has"},
	{"PUBLISH a b", "ERR unknown command 'PUBLISH': this is redlock-proxy, which passes no messages; see COMMAND LIST for what it has"},
	{"FLUSHALL", "ERR unknown command 'FLUSHALL': this is redlock-proxy, which is stopped and changed from outside; see COMMAND LIST for what it has"},
	{"MULTI", "ERR unknown command 'MULTI': this is redlock-proxy, which has no transactions; send the commands in a plain pipeline; see COMMAND LIST for what it has"},
	{"WATCH a", "ERR unknown command 'WATCH': this is redlock-proxy, which has no transactions; send the commands in a plain pipeline; see COMMAND LIST for what it has"},
	{"EXEC", "ERR EXEC without MULTI"},
	{"discard", "ERR DISCARD without MULTI"},
	{"CONFIG SET maxclients 5", "ERR redlock-proxy is configured by flags and can not be changed while it runs, see redlock-proxy serve --help"},
	{"CLIENT PAUSE 86400001", "ERR at most 86400000 ms, end it with CLIENT UNPAUSE"},
	{"ACL LOAD", "ERR there is no ACL file, start the proxy with --aclfile"},
}

// fill replaces <n> by n bytes.
var fill = strings.NewReplacer("<1025>", strings.Repeat("r", 1025), "<257>", strings.Repeat("t", 257),
	"<1024>", strings.Repeat("r", 1024), "<256>", strings.Repeat("t", 256))

func TestWrongArgumentsAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	before := c.session
	for _, tt := range wrong {
		c.want(fill.Replace(tt.command), commands.Error(tt.want))
	}
	if keys := c.keys(); len(keys) > 0 {
		t.Errorf("wrong commands left %q behind", keys)
	}
	if c.session != before {
		t.Errorf("wrong commands changed the session from %+v to %+v", before, c.session)
	}
}

// A ttl that the drift uses up could never be granted. The sentence differs
// only in its numbers.
func TestATTLBelowTheDriftIsRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for _, line := range []string{"LOCK a <ttl>", "TRYLOCK a <ttl> TOKEN tok-a", "EXTEND a tok-a <ttl>"} {
		for _, ttl := range []string{"1", "2"} {
			got, is := c.call(strings.Split(strings.Replace(line, "<ttl>", ttl, 1), " ")...).(commands.Error)
			begin := "ERR ttl of " + ttl + " ms leaves no validity after the drift, use at least "
			if !is || !strings.HasPrefix(string(got), begin) || !strings.HasSuffix(string(got), " ms (see --drift-factor)") {
				t.Errorf("%s with %s: got %#v, want %s…", line, ttl, got, begin)
			}
		}
	}
}

func TestTheLongestOfEverythingIsAllowed(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.grant(fill.Replace("LOCK <1024> 300000 TOKEN <256>"))
	c.want(fill.Replace("LOCK <1024> 300000"), commands.NullArray{})
	c.want(fill.Replace("UNLOCK <1024> <256>"), commands.Integer(1))
	c.grant("LOCK _redlock: 300000")
	c.grant("LOCK __redlock 300000")
}

// The sentence repeats what was asked for, however large.
func TestTheTTLInTheSentenceIsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for _, ttl := range []string{"9223372036854", "9223372036855", "9223372036854775807"} {
		c.want("LOCK a "+ttl, commands.Error("ERR ttl of "+ttl+" ms is over the limit of 300000 ms (--max-ttl)"))
	}
}

// Who follows the advice must be able to get a lock: validity is in whole ms,
// and none is no grant.
func TestTheLeastTTLThatIsAdvisedLeavesAValidity(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	got, _ := c.call("LOCK", "a", "1").(commands.Error)
	_, advice, _ := strings.Cut(string(got), "use at least ")
	least, err := strconv.ParseFloat(strings.Fields(advice + " ?")[0], 64)
	if err != nil {
		t.Fatalf("no number in %q", got)
	}
	if validity := least - least*0.01 - 2; validity < 1 {
		t.Errorf("the advised ttl of %v ms leaves %.2f ms, which is written as 0 and so never granted", least, validity)
	}
}

package commands_test

import (
	"fmt"
	"strings"
	"testing"

	"redlock-proxy/commands"
)

// field gives the value behind a key of a map.
func field(t *testing.T, m commands.Map, key string) commands.Reply {
	t.Helper()
	for i := 0; i+1 < len(m); i += 2 {
		if m[i] == commands.Bulk(key) {
			return m[i+1]
		}
	}
	return nil
}

// drawn writes the tree of arguments that COMMAND DOCS gives: a name, its type
// unless that is string, its token, ? for optional, + for multiple, and the
// parts in brackets.
func drawn(t *testing.T, args commands.Reply) string {
	t.Helper()
	var all []string
	for _, a := range args.(commands.Array) {
		m := a.(commands.Map)
		s := fmt.Sprint(field(t, m, "name"))
		if kind := field(t, m, "type"); kind != commands.Bulk("string") {
			s += fmt.Sprintf(":%s", kind)
		}
		if token := field(t, m, "token"); token != nil {
			s += fmt.Sprintf("=%s", token)
		}
		if flags := field(t, m, "flags"); flags != nil {
			s += strings.NewReplacer("optional", "?", "multiple", "+", "[", "", "]", "", " ", "").Replace(fmt.Sprint(flags))
		}
		if parts := field(t, m, "arguments"); parts != nil {
			s += "(" + drawn(t, parts) + ")"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func TestCommandDocsGiveTheUsageAsATree(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for name, want := range map[string]string{
		"lock":         "resource:key ttl:integer token=TOKEN? ms:oneof?(ms:integer=BLOCK count:integer=RETRY) fence:pure-token=FENCE? autoextend:block=AUTOEXTEND?(ms:integer=MAXHOLD?)",
		"unlock":       "resource:key token",
		"locks":        "cursor=CURSOR? pattern=MATCH? count:integer=COUNT?",
		"hello":        "2:block?(2:oneof(2:pure-token=2 3:pure-token=3) auth:block=AUTH?(username password) clientname=SETNAME?)",
		"info":         "section?+",
		"subscribe":    "channel+",
		"auth":         "username? password",
		"client|pause": "timeout:integer write:oneof?(write:pure-token=WRITE all:pure-token=ALL)",
		"client|list":  "type:block=TYPE?(normal:oneof(normal pubsub)) id:integer=ID?+",
		"config|get":   "parameter+",
	} {
		docs := c.call("COMMAND", "DOCS", name).(commands.Map)
		if docs[0] != commands.Bulk(name) {
			t.Fatalf("docs of %s: %v", name, docs)
		}
		if got := drawn(t, field(t, docs[1].(commands.Map), "arguments")); got != want {
			t.Errorf("%s: got  %s\nwant %s", name, got, want)
		}
	}
}

func TestCommandTellsOfEveryRow(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	rows := commands.Rows()
	c.want("COMMAND COUNT", commands.Integer(len(rows)))
	infos := c.call("COMMAND").(commands.Array)
	docs := c.call("COMMAND", "DOCS").(commands.Map)
	if len(infos) != len(rows) || len(docs) != 2*len(rows) {
		t.Errorf("%d rows, but %d in COMMAND and %d in COMMAND DOCS", len(rows), len(infos), len(docs)/2)
	}
	names := fmt.Sprint(c.call("COMMAND", "LIST"))
	for _, want := range []string{"lock", "client|kill", "acl|help"} {
		if !strings.Contains(names, want) {
			t.Errorf("COMMAND LIST lacks %s: %s", want, names)
		}
	}
	lock := c.call("COMMAND", "INFO", "LOCK").(commands.Array)[0].(commands.Array)
	if len(lock) != 10 || lock[1] != commands.Integer(-3) || lock[3] != commands.Integer(1) || lock[4] != commands.Integer(1) || lock[5] != commands.Integer(1) {
		t.Errorf("clients find no key in COMMAND INFO LOCK: %v", lock)
	}
	c.want("COMMAND GETKEYS lock a 100 TOKEN tok", commands.Array{commands.Bulk("a")})
	c.want("COMMAND GETKEYS unlock a", commands.Error("ERR Invalid number of arguments specified for command"))
	c.want("COMMAND LIST FILTERBY ACLCAT lock", commands.Array{commands.Bulk("extend"), commands.Bulk("lock"), commands.Bulk("trylock"), commands.Bulk("unlock")})
	c.want("COMMAND LIST FILTERBY ACLCAT lockadmin", commands.Array{commands.Bulk("forceunlock"), commands.Bulk("lockinfo"), commands.Bulk("locks")})
	c.want("COMMAND LIST FILTERBY PATTERN *LOCK", commands.Array{commands.Bulk("client|unblock"), commands.Bulk("forceunlock"), commands.Bulk("lock"), commands.Bulk("trylock"), commands.Bulk("unlock")})
}

func TestEverySubcommandIsAsItsUsageSays(t *testing.T) {
	t.Parallel()
	for _, r := range commands.Rows() {
		for _, s := range r.Subcommands {
			words := strings.Fields(s.Usage)
			if len(words) < 2 || words[0] != strings.ToUpper(r.Name) || words[1] != strings.ToUpper(s.Name) {
				t.Errorf("%s %s: the usage is %q", r.Name, s.Name, s.Usage)
			}
			if s.Summary == "" || strings.HasSuffix(s.Summary, ".") || len(s.Categories) == 0 {
				t.Errorf("%s %s: summary %q, categories %v", r.Name, s.Name, s.Summary, s.Categories)
			}
			if exact := !strings.Contains(s.Usage, "["); exact && s.Arity != len(words) {
				t.Errorf("%s: arity %d", s.Usage, s.Arity)
			}
		}
	}
}

func TestHelpIsMadeFromTheRows(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	help := fmt.Sprint(c.call("CLIENT", "HELP"))
	for _, want := range []string{"CLIENT <subcommand>", "KILL addr|", "    The connections.", "HELP"} {
		if !strings.Contains(help, want) {
			t.Errorf("CLIENT HELP lacks %q: %s", want, help)
		}
	}
}

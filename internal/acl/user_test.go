package acl

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRulesAreALineOfTheFile(t *testing.T) {
	const secret = "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
	for rules, want := range map[string]string{
		"":                             "user alice off resetchannels -@all",
		"on >secret ~jobs:* +lock":     "user alice on " + secret + " ~jobs:* resetchannels -@all +lock",
		"nopass on allkeys +@all &*":   "user alice on nopass ~* &* +@all",
		"+LOCK -Lock +lock +ping":      "user alice off resetchannels -@all +lock +ping",
		"+@all -@admin -client|list":   "user alice off resetchannels +@all -@admin -client|list",
		"+client|id +client|list":      "user alice off resetchannels -@all +client|id +client|list",
		"+client|id +ping -client":     "user alice off resetchannels -@all +ping -client",
		"+@lock +@geo":                 "user alice off resetchannels -@all +@lock +@geo",
		"%W~a %R~a %R~b %RW~* &c":      "user alice off ~a %R~b %RW~* resetchannels &c -@all",
		"( +lock  ~a ) (%W~b +unlock)": "user alice off resetchannels -@all (~a resetchannels -@all +lock) (%W~b resetchannels -@all +unlock)",
		"on >secret +lock reset":       "user alice off sanitize-payload resetchannels -@all",
	} {
		user := alice(t, rules)
		if got := user.Rules(); got != want {
			t.Errorf("%q:\n  %s\n  %s is wanted", rules, got, want)
		}
		again := parse(t, user.Rules()).Lookup("alice")
		if !again.Equal(user) || !reflect.DeepEqual(again.selectors[0].allowed, user.selectors[0].allowed) {
			t.Errorf("%q: another user after reading %q", rules, user.Rules())
		}
	}
}

func TestPermissions(t *testing.T) {
	for _, c := range []struct {
		rules, command, key string
		run, use            bool
	}{
		{"", "lock", "a", false, false},
		{"+lock", "lock", "a", true, false},
		{"+lock ~a*", "lock", "a", true, true},
		{"+lock ~a*", "lock", "b", true, false},
		{"+lock ~a*", "unlock", "a", false, false},
		{"+lock %R~a*", "lock", "a", true, false},
		{"+lock %W~a*", "lock", "a", true, true},
		{"+@lock -unlock allkeys", "unlock", "a", false, false},
		{"+@all", "client|list", "", true, false},
		{"+@all", "nonesuch", "", false, false},
		{"+@all -client|list", "client|list", "", false, false},
		{"+@all -client|list", "client|id", "", true, false},
		{"+@all -@dangerous", "client|list", "", false, false},
		{"+client", "client|list", "", true, false},
		{"+client|id", "client", "", false, false},
		// A selector's keys are for its own commands.
		{"+unlock ~b* (+lock ~a*)", "lock", "a", true, true},
		{"+unlock ~b* (+lock ~a*)", "lock", "b", true, false},
		{"+unlock ~b* (+lock ~a*)", "unlock", "a", true, false},
		{"+unlock ~b* (+lock ~a*)", "unlock", "b", true, true},
	} {
		user := alice(t, "on nopass "+c.rules)
		if got := user.MayRun(c.command); got != c.run {
			t.Errorf("%q: MayRun(%q) = %v", c.rules, c.command, got)
		}
		if got := user.MayUse(c.command, []byte(c.key)); got != c.use {
			t.Errorf("%q: MayUse(%q, %q) = %v", c.rules, c.command, c.key, got)
		}
	}
}

// A category has in it what says so, not what is below that.
func TestCategoriesHaveNoMoreThanIsSaid(t *testing.T) {
	users, err := Parse(strings.NewReader("user alice +@connection"), []Command{
		{Name: "client", Categories: []string{"connection"}},
		{Name: "client|kill", Categories: []string{"admin"}},
		{Name: "CLIENT|ID", Categories: []string{"Connection"}},
		{Name: "debug|sleep", Categories: []string{"admin"}}, // of no command
	})
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]bool{"client": true, "client|id": true, "client|kill": false, "debug|sleep": false} {
		if got := users.Lookup("alice").MayRun(command); got != want {
			t.Errorf("MayRun(%q) = %v", command, got)
		}
	}
}

func TestPermissionsCostNoMemory(t *testing.T) {
	user := alice(t, "on nopass +@all -client|list ~a* ~b?[cd]* (+client|list ~*)")
	command, key := "client|list", []byte("bxd-and-so-on-beyond-thirty-two-bytes")
	if n := testing.AllocsPerRun(100, func() {
		if !user.MayRun(command) || !user.MayUse("lock", key) || !user.MayUse(command, key) {
			t.Fatal("it is forbidden")
		}
	}); n != 0 {
		t.Errorf("%v allocations for a command", n)
	}
}

func TestEqual(t *testing.T) {
	base := alice(t, "on >one ~a +lock")
	for rules, want := range map[string]bool{
		"on >one ~a +lock":                 true,
		"off +lock -lock +lock ~a >one on": true,
		"on >two ~a +lock":                 false,
		"on >one >two ~a +lock":            false,
		"on >one ~a ~b +lock":              false,
		"on >one %W~a +lock":               false,
		"on >one ~a +unlock":               false,
		"on >one ~a +lock (+ping)":         false,
		"on >one ~a +lock &b":              false,
		"off >one ~a +lock":                false,
		"on nopass ~a +lock":               false,
	} {
		if got := base.Equal(alice(t, rules)); got != want {
			t.Errorf("Equal to %q: %v", rules, got)
		}
	}
	if base.Equal(parse(t, "user bob on >one ~a +lock").Lookup("bob")) {
		t.Error("equal to another user with the same rules")
	}
	if base.Equal(nil) || (*User)(nil).Equal(base) || (*User)(nil).Equal(nil) {
		t.Error("equal to nobody")
	}
}

func TestOpen(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                 true,
		"user alice on nopass":             true,
		"user default":                     false,
		"user default on":                  false,
		"user default on >secret +@all ~*": false,
		"user default off nopass":          false,
		"user default on nopass -@all":     true,
	} {
		users := parse(t, text)
		user := users.Open()
		if got := user != nil; got != want || got && user != users.Lookup("default") {
			t.Errorf("%q: Open() = %v", text, user)
		}
	}
}

func TestDefaultMayDoEverythingWhenTheFileDoesNotNameIt(t *testing.T) {
	users := parse(t, "user bob on\nuser Alice on\nuser alice on")
	if got, want := users.Names(), []string{"Alice", "alice", "bob", "default"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %q", got)
	}
	if got, want := users.Lookup("default").Rules(), "user default on nopass ~* &* +@all"; got != want {
		t.Errorf("%s", got)
	}
	if users.Lookup("carol") != nil {
		t.Error("there is a carol")
	}
	users.Names()[0] = "mallory"
	if users.Names()[0] != "Alice" {
		t.Error("who asks for the names can change them")
	}
}

func TestDescribe(t *testing.T) {
	got := alice(t, "on nopass skip-sanitize-payload ~a %R~b &c +lock (+@all -ping ~* &*)").Describe()
	want := Description{
		Flags:     []string{"on", "nopass", "skip-sanitize-payload"},
		Passwords: []string{},
		Rights:    Rights{Commands: "-@all +lock", Keys: "~a %R~b", Channels: "&c"},
		Selectors: []Rights{{Commands: "+@all -ping", Keys: "~*", Channels: "&*"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\n%+v is wanted", got, want)
	}
}

package acl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinesThatAreNone(t *testing.T) {
	users := parse(t, "# who may lock\r\n"+
		"\n"+
		"  \t \r\n"+
		"#user mallory on nopass +@all ~*\n"+
		" user  alice  on\t >secret\t +lock ~jobs:*\r\n"+
		"\tuser bob on")
	if got, want := strings.Join(users.Names(), " "), "alice bob default"; got != want {
		t.Fatalf("users %s", got)
	}
	if _, ok := users.Authenticate("alice", []byte("secret")); !ok {
		t.Error("alice does not come in")
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"alice on >hunter2":          `line 1: should start with user keyword followed by the username`,
		"USER alice on":              `line 1: should start with user keyword followed by the username`,
		"\n\nuser":                   `line 3: should start with user keyword followed by the username`,
		"user al\tice on":            `line 1: the username contains invalid characters`,
		"user alice\x00 on":          `line 1: the line contains a NUL byte`,
		"user a\nuser b\nuser a":     `line 3: user "a": Duplicate user found. A user can only be defined once in config files`,
		"user a\nuser A\nuser b on":  ``,
		"user default\nuser default": `line 2: user "default": Duplicate user found. A user can only be defined once in config files`,
		"user alice on +nonesuch":    `line 1: user "alice": rule "+nonesuch": Unknown command or category name in ACL`,
		"user alice on -@nonesuch":   `line 1: user "alice": rule "-@nonesuch": Unknown command or category name in ACL`,
		"user alice +client|pause":   `line 1: user "alice": rule "+client|pause": Unknown command or category name in ACL`,
		"user alice +select|0":       `line 1: user "alice": rule "+select|0": this command has no subcommands, and a first argument can not be allowed by itself`,
		"user alice ~* ~jobs:*":      `line 1: user "alice": rule "~jobs:*": Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns`,
		"user alice &* &news":        `line 1: user "alice": rule "&news": Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels`,
		"user alice %R":              `line 1: user "alice": rule "%R": Syntax error`,
		"user alice %~a":             `line 1: user "alice": rule "%~a": Syntax error`,
		"user alice ~a\tb":           `line 1: user "alice": rule "~a\tb": Syntax error`,
		"user alice on >":            `line 1: user "alice": rule 2, not shown as it may be a password: there is no password; nopass lets anybody in`,
		"user alice on #0123":        `line 1: user "alice": rule 2, not shown as it may be a password: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters`,
		"user alice <hunter2":        `line 1: user "alice": rule 1, not shown as it may be a password: The password you are trying to remove from the user does not exist`,
		"user alice (+lock":          `line 1: user "alice": rule 1, a selector: Unmatched parenthesis in selector definition`,
		"user alice on (+ping +no)":  `line 1: user "alice": rule 2, a selector: rule "+no": Unknown command or category name in ACL`,
		"user alice (~\"a b\")":      `line 1: user "alice": rule 1, a selector: rule "~\"a": a rule in a selector may have no quotes, nor end with a parenthesis`,
		"user alice on (~a))":        `line 1: user "alice": rule 2, a selector: rule "~a)": a rule in a selector may have no quotes, nor end with a parenthesis`,
		"user alice (+lock (+ping))": `line 1: user "alice": rule 1, a selector: rule 2, not shown as it may be a password: a rule in a selector may have no quotes, nor end with a parenthesis`,
	} {
		_, err := Parse(strings.NewReader(text), few())
		if got := fmt.Sprint(err); got != want && !(err == nil && want == "") {
			t.Errorf("%q:\n  %s\n  %s is wanted", text, got, want)
		}
	}
}

// A password may stand where none belongs, and be found wrong for anything.
func TestErrorsShowNoPassword(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		secret,
		"user alice on " + secret,
		"user alice on>" + secret,
		"user alice on +nonesuch>" + secret,
		"user alice on ~* ~a>" + secret,
		"user alice on +lock|>" + secret,
		"user alice <" + secret,
		"user alice #" + secret,
		"user alice !" + secret,
		"user alice on (>" + secret + ")",
		"user alice on (#" + secret,
		"user alice on ( +lock >" + secret + " )",
		"user alice on ( +lock >" + secret,
		"user alice on (" + secret + ")",
		"user >" + secret + " +nonesuch",
		"user >" + secret + "\nuser >" + secret,
		"user al\tice>" + secret + " on",
		"user alice >" + secret + " +nonesuch",
		"user alice >" + secret + "\x00",
		"alice on >" + secret,
		"requirepass " + secret,
		"user alice >" + secret + strings.Repeat(" +lock", maxLine),
	} {
		_, err := Parse(strings.NewReader(text), few())
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func TestErrorsAreShortAndOneLine(t *testing.T) {
	for _, text := range []string{
		"user " + strings.Repeat("a", 9000) + " +nonesuch",
		"user alice +" + strings.Repeat("\x01\xff", 4000),
		"user alice\x1b[2J +nonesuch\x1b[2J",
	} {
		_, err := Parse(strings.NewReader(text), few())
		if err == nil || len(err.Error()) > 1000 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
			t.Errorf("%.30q: %v", text, err)
		}
	}
}

func TestLimits(t *testing.T) {
	var most strings.Builder
	for i := range maxUsers {
		fmt.Fprintf(&most, "user %d\n", i)
	}
	long := "user alice ~" + strings.Repeat("a", maxLine-len("user alice ~ off resetchannels -@all"))
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"as many users as may be":   {most.String(), nil},
		"one too many":              {most.String() + "user x", errUsers},
		"one twice, too many":       {most.String() + "user 0", errTwice},
		"as long as may be":         {long, nil},
		"longer as ACL LIST has it": {long + "a", errLongLine},
		"longer":                    {"user alice " + strings.Repeat("+lock ", maxLine/5) + "+ping", errLongLine},
		"many short passwords":      {"user alice" + passwords(maxLine/60), errLongLine},
		"a file as large":           {strings.Repeat("#\n", maxFile/2), nil},
		"a larger file":             {strings.Repeat("#\n", maxFile/2) + "#", errSize},
	} {
		if _, err := Parse(strings.NewReader(c.text), few()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func passwords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " >%d", i)
	}
	return b.String()
}

// endless is a file that has no end, like /dev/zero.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{ error }

func (b broken) Read([]byte) (int, error) { return 0, b.error }

func TestFilesThatAreNone(t *testing.T) {
	if _, err := Parse(endless{}, few()); !errors.Is(err, errSize) {
		t.Errorf("without an end: %v", err)
	}
	if _, err := Parse(broken{io.ErrUnexpectedEOF}, few()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("broken: %v", err)
	}
}

// What Parse has read, and lists, is a file for Redis, and the other way round.
func TestRedisLoadsWhatWeList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReal(t, "--aclfile", path)
	read := func(text string) *Users {
		users, err := Parse(strings.NewReader(text), r.commands)
		if err != nil {
			t.Fatalf("Parse(%q): %v", text, err)
		}
		return users
	}
	ours := read("user default on nopass +@all ~* &*\n" +
		"user alice on >secret >other ~jobs:* %R~logs:* &news +set +client -client|list\n" +
		"user b\xf6b off -@all (+set %W~a) (+@all -get ~* &*)\n" +
		"user \"quoted\" reset on nopass +@all -client\n")
	var file strings.Builder
	for _, name := range ours.Names() {
		file.WriteString(ours.Lookup(name).Rules() + "\n")
	}
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must("ACL", "LOAD")
	theirs := read(strings.Join(texts(r.must("ACL", "LIST")), "\n"))
	if !slices.Equal(ours.Names(), theirs.Names()) {
		t.Fatalf("Redis has users %q of\n%s", theirs.Names(), file.String())
	}
	for _, name := range ours.Names() {
		r.compareDescriptions(name, ours.Lookup(name).Describe(), r.user(name))
		r.compareSelectors(name, ours.Lookup(name), theirs.Lookup(name))
	}
}

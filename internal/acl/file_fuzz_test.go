package acl

import (
	"strings"
	"testing"
)

// FuzzParse wants each user that was read to be the same when read again, and
// no error to show a password wherever one stands.
func FuzzParse(f *testing.F) {
	f.Add("user alice on >x ~a:* %R~b &c +@all -client|list (+lock ~*) reset", 14)
	f.Add("user default off nopass\n# x\r\nuser bob resetpass ( +ping\t &d )", 3)
	f.Add("user a (&b)) ( ~c) ) ~d)", 9)
	f.Add("user a #"+strings.Repeat("0a", 32)+" %RW~* clearselectors +@lock -@lock", 0)
	f.Fuzz(func(t *testing.T, text string, at int) {
		users, err := Parse(strings.NewReader(text), few())
		if err == nil {
			readAgain(t, users)
		}
		if at < 0 || at > len(text) {
			return
		}
		const secret = "a-password-of-the-tests"
		_, err = Parse(strings.NewReader(text[:at]+" >"+secret+text[at:]), few())
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}

func readAgain(t *testing.T, users *Users) {
	t.Helper()
	var file strings.Builder
	for _, name := range users.Names() {
		file.WriteString(users.Lookup(name).Rules() + "\n")
	}
	if file.Len() > maxFile {
		return
	}
	again, err := Parse(strings.NewReader(file.String()), few())
	if err != nil {
		t.Fatalf("not read again: %v\n%s", err, file.String())
	}
	for _, name := range users.Names() {
		user, other := users.Lookup(name), again.Lookup(name)
		if !user.Equal(other) {
			t.Errorf("%q was read again as %q", user.Rules(), other.Rules())
		}
		for _, c := range few() {
			if user.MayRun(c.Name) != other.MayRun(c.Name) || user.MayUse(c.Name, []byte("a")) != other.MayUse(c.Name, []byte("a")) {
				t.Errorf("%q: %s is another thing when read again", user.Rules(), c.Name)
			}
		}
	}
}

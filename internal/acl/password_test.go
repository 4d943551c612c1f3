package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"testing"
)

// people has a user of each kind that Authenticate could treat in its own way.
const people = `
	user many on >one >two >three
	user single on >one
	user open on nopass
	user none on
	user locked off >one
	user gone off nopass
	user default off`

func TestAuthenticate(t *testing.T) {
	users := parse(t, people)
	for _, c := range []struct {
		name, password string
		want           bool
	}{
		{"many", "one", true},
		{"many", "two", true},
		{"many", "three", true},
		{"many", "four", false},
		{"many", "", false},
		{"single", "one", true},
		{"single", "two", false},
		{"single", "One", false},
		{"single", "one\x00", false},
		{"Single", "one", false},
		{"open", "", true},
		{"open", "whatever", true},
		{"none", "", false},
		{"none", "one", false},
		{"locked", "one", false},
		{"gone", "one", false},
		{"default", "", false},
		{"nobody", "one", false},
		{"", "", false},
		// What stands in for a password that is not there is none.
		{"nobody", string(make([]byte, sha256.Size)), false},
	} {
		user, ok := users.Authenticate(c.name, []byte(c.password))
		if ok != c.want || ok != (user != nil) || ok && user != users.Lookup(c.name) {
			t.Errorf("Authenticate(%q, %q) = %v, %v", c.name, c.password, user, ok)
		}
	}
}

// The missing digests are all zeros. Who had a password with that digest must
// not come in as somebody with fewer passwords than another.
func TestAuthenticateDoesNotTakeAStandIn(t *testing.T) {
	users := parse(t, people)
	zero := func([]byte) [sha256.Size]byte { return [sha256.Size]byte{} }
	for _, name := range []string{"single", "none", "locked", "nobody"} {
		if _, ok := users.authenticate(name, nil, zero, subtle.ConstantTimeCompare); ok {
			t.Errorf("%s came in with the stand-in", name)
		}
	}
}

// Time tells nothing when the same is done for everybody: each password is
// hashed once and compared as often as for the user with the most passwords.
func TestAuthenticateGoesTheSameWayForEverybody(t *testing.T) {
	users := parse(t, people)
	for _, name := range append(users.Names(), "nobody", "") {
		for _, password := range []string{"one", "two", "three", "wrong", ""} {
			var steps []string
			hash := func(given []byte) [sha256.Size]byte {
				steps = append(steps, fmt.Sprintf("hash %q", given))
				return sha256.Sum256(given)
			}
			same := func(a, b []byte) int {
				steps = append(steps, fmt.Sprintf("compare %d with %d", len(a), len(b)))
				return subtle.ConstantTimeCompare(a, b)
			}
			users.authenticate(name, []byte(password), hash, same)
			want := fmt.Sprintf("hash %q", password) + strings.Repeat(", compare 32 with 32", 3)
			if got := strings.Join(steps, ", "); got != want {
				t.Errorf("Authenticate(%q, %q) does: %s", name, password, got)
			}
		}
	}
}

func TestDefault(t *testing.T) {
	for _, c := range []struct {
		password, try string
		open, want    bool
	}{
		{"", "", true, true},
		{"", "any", true, true},
		{"secret", "secret", false, true},
		{"secret", "any", false, false},
		{"secret", "", false, false},
		// It is no rule, whatever it looks like.
		{">one two", ">one two", false, true},
	} {
		users := Default(c.password, few())
		if got := users.Open() != nil; got != c.open {
			t.Errorf("Default(%q).Open() is a user: %v", c.password, got)
		}
		user, ok := users.Authenticate("default", []byte(c.try))
		if ok != c.want {
			t.Errorf("Default(%q).Authenticate(%q) = %v", c.password, c.try, ok)
		}
		if ok && !(user.MayRun("client|list") && user.MayUse("lock", []byte("jobs:1"))) {
			t.Errorf("Default(%q) may not do everything", c.password)
		}
		if names := users.Names(); len(names) != 1 {
			t.Errorf("Default(%q) has users %q", c.password, names)
		}
	}
}

func TestPasswordsKeepTheirBytes(t *testing.T) {
	users := parse(t, "user alice on >p\xe4ss\tw\\x<rd> \r\n")
	if _, ok := users.Authenticate("alice", []byte("p\xe4ss\tw\\x<rd>")); !ok {
		t.Error("the password is another one")
	}
}

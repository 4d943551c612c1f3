package acl

import (
	"slices"
	"strings"
)

// User is who a connection can be logged in as. It never changes.
type User struct {
	name      string
	on        bool
	nopass    bool
	sanitize  string // the rule about RESTORE that was given; for ACL LIST only
	passwords []digest
	selectors []selector // the first is the user's own

	rules string // filled in last
}

// newUser begins as Redis does: may not come in, and may do nothing.
func newUser(name string, c *commands) *User {
	return &User{name: name, selectors: []selector{newSelector(c)}}
}

// newDefault is the user default of Redis when nobody has said otherwise.
func newDefault(c *commands) *User {
	u := newUser("default", c)
	u.on, u.nopass = true, true
	own := &u.selectors[0]
	own.setAll(true)
	own.allKeys, own.allChannels = true, true
	return u
}

func (u *User) commands() *commands { return u.selectors[0].commands }

// Name returns the name, which is in upper and lower case as given.
func (u *User) Name() string { return u.name }

// NoPass tells whether any password will do. Redis refuses AUTH with one
// argument when this holds for the user default.
func (u *User) NoPass() bool { return u.nopass }

// MayRun tells whether the user may run a command, which is named as it was for
// Parse: "lock", "client|list". An unknown one nobody may run. Redis lets
// everybody run the commands that log in, so they are not to be asked for.
func (u *User) MayRun(command string) bool {
	for i := range u.selectors {
		if u.selectors[i].mayRun(command) {
			return true
		}
	}
	return false
}

// MayUse tells whether the user may run a command on this key, which is to be
// written. Redis asks MayRun before, to know which of its two errors to give.
// With selectors it takes one that allows both.
func (u *User) MayUse(command string, key []byte) bool {
	for i := range u.selectors {
		if s := &u.selectors[i]; s.mayRun(command) && s.mayWrite(key) {
			return true
		}
	}
	return false
}

// Equal tells whether both have the same name, passwords and rules. A nil user is
// not equal to any, nor to another nil.
func (u *User) Equal(other *User) bool {
	return u != nil && other != nil && u.rules == other.rules
}

// Users is everybody in a file. It never changes.
type Users struct {
	byName      map[string]*User
	names       []string
	nobody      User // goes through Authenticate for whom there is not
	comparisons int  // of passwords in Authenticate
}

// newUsers completes a list, with the user default if it is not there.
func newUsers(list []*User, c *commands) *Users {
	u := &Users{byName: map[string]*User{}, comparisons: 1}
	for _, user := range list {
		u.byName[user.name] = user
	}
	if u.byName["default"] == nil {
		u.byName["default"] = newDefault(c)
	}
	for name, user := range u.byName {
		user.rules = user.line()
		u.names = append(u.names, name)
		u.comparisons = max(u.comparisons, len(user.passwords))
	}
	slices.SortFunc(u.names, strings.Compare)
	return u
}

// Default makes the users there are without a file: the user default alone, who
// may do everything, with this password or, when it is empty, with none needed.
func Default(password string, commands []Command) *Users {
	c := newCommands(commands)
	user := newDefault(c)
	if password != "" {
		_ = user.password('>', password) // it fails for an empty one only
	}
	return newUsers([]*User{user}, c)
}

// Lookup returns the user of that name, or nil.
func (u *Users) Lookup(name string) *User { return u.byName[name] }

// Names lists the users in the order of ACL LIST, by their bytes.
func (u *Users) Names() []string { return slices.Clone(u.names) }

// Open returns the user default when connections begin logged in as it, and nil
// when they have to log in.
func (u *Users) Open() *User {
	if user := u.byName["default"]; user.on && user.nopass {
		return user
	}
	return nil
}

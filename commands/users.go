package commands

import (
	"fmt"
	"io"

	"redlock-proxy/internal/acl"
)

// OpenUsers opens the ACL file to be read from its start.
type OpenUsers func() (io.ReadCloser, error)

// Open tells whether anybody may come in without a password.
func (t *Table) Open() bool { return t.users.Load().Open() != nil }

// LoadUsers reads the ACL file, for ACL LOAD and for a signal. If anything is
// wrong with it, nothing changes. Connections whose user has gone or may now do
// other things than before are ended, as by Redis; the others stay. The one
// excepted ends with its next command.
func (t *Table) LoadUsers(except *Session) error {
	t.loading.Lock()
	defer t.loading.Unlock()
	users, err := t.readUsers()
	if err != nil {
		return err
	}
	if t.users.Swap(users) == nil {
		return nil // the first time, nobody is there yet
	}
	for _, s := range t.Front.Sessions() {
		if user := s.look().user; user != nil && s != except && !user.Equal(users.Lookup(user.Name())) {
			t.Front.End(s)
		}
	}
	return nil
}

func (t *Table) readUsers() (*acl.Users, error) {
	known := t.aclCommands()
	if t.OpenUsers == nil {
		return acl.Default(t.Password, known), nil
	}
	file, err := t.OpenUsers()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	users, err := acl.Parse(file, known)
	if err != nil {
		return nil, fmt.Errorf("ACL file: %w", err)
	}
	return users, nil
}

// aclCommands are the commands that rules can name.
func (t *Table) aclCommands() []acl.Command {
	var all []acl.Command
	for _, r := range t.sorted(true) {
		all = append(all, acl.Command{Name: r.full, Categories: r.Categories})
	}
	return all
}

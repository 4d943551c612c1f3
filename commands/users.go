package commands

import (
	"errors"
	"fmt"
	"io"

	"redlock-proxy/internal/acl"
)

// OpenUsers opens the ACL file to be read from its start.
type OpenUsers func() (io.ReadCloser, error)

// ErrOpen is the error of an ACL file that lets anybody in where MustLogIn
// says that nobody may. An empty file does.
var ErrOpen = errors.New("ACL file: the user default needs no password there, so anybody who reaches the proxy could come in; set it off, or --protected-mode=no if the network keeps strangers out")

// SetPassword changes the password of the user default where there is no ACL
// file; empty: anybody may come in. Connections that logged in before, or did
// not need to, are ended, as LoadUsers does.
func (t *Table) SetPassword(password string) error {
	t.loading.Lock()
	t.Password = password
	t.loading.Unlock()
	return t.LoadUsers(nil)
}

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
	before := t.users.Swap(users)
	t.loads.Add(1)
	if before == nil {
		return nil // nobody is there yet
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
	if t.MustLogIn && users.Open() != nil {
		return nil, ErrOpen
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

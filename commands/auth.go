package commands

import (
	"crypto/sha256"
	"crypto/subtle"
)

// AUTH [username] password
func auth(t *Table, c *Call) {
	switch {
	case len(c.Args) > 3:
		c.Reply(errSyntax)
	case len(c.Args) == 2 && t.Password == "":
		c.Reply(errNoPassword)
	case len(c.Args) == 2:
		c.Reply(t.logIn(c.Session, []byte("default"), c.Args[1]))
	default:
		c.Reply(t.logIn(c.Session, c.Args[1], c.Args[2]))
	}
}

// logIn checks the only user there is. Without a password any will do for it,
// as in Redis.
func (t *Table) logIn(s *Session, user, password []byte) Reply {
	if string(user) != "default" || t.Password != "" && !same(password, t.Password) {
		return errWrongPass
	}
	s.Authenticated = true
	return ok
}

// same compares in a time that tells neither the length nor the place of a
// difference.
func same(got []byte, want string) bool {
	a, b := sha256.Sum256(got), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

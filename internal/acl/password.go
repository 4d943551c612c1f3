package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
)

// digest is what is kept of a password.
type digest [sha256.Size]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// parseDigest reads the rule's own form of a digest, in lower case only.
func parseDigest(text string) (digest, error) {
	var d digest
	if len(text) != hex.EncodedLen(len(d)) || strings.ToLower(text) != text {
		return d, errHash
	}
	if _, err := hex.Decode(d[:], []byte(text)); err != nil {
		return d, errHash // without err, which shows a byte of it
	}
	return d, nil
}

// password applies >password, #digest, <password or !digest.
func (u *User) password(sign byte, text string) error {
	if text == "" {
		return errNoPassword
	}
	d := digest(sha256.Sum256([]byte(text)))
	if sign == '#' || sign == '!' {
		var err error
		if d, err = parseDigest(text); err != nil {
			return err
		}
	}
	at := slices.Index(u.passwords, d)
	adds, known := sign == '>' || sign == '#', at >= 0
	switch {
	case adds && !known:
		u.passwords, u.nopass = append(u.passwords, d), false
	case !adds && known:
		u.passwords = slices.Delete(u.passwords, at, at+1)
	case !adds:
		return errNoSuchPass
	}
	return nil
}

// Authenticate gives the user of that name if the password is one of theirs, or
// any when they need none. How long it takes depends on the length of the given
// password and the name only: not on whether there is such a user, may come in,
// has many passwords or none, nor on how much of one is right.
func (u *Users) Authenticate(name string, password []byte) (*User, bool) {
	return u.authenticate(name, password, sha256.Sum256, subtle.ConstantTimeCompare)
}

// authenticate goes the same way for everybody: one hash, and as many
// comparisons as the user with the most passwords needs.
func (u *Users) authenticate(name string, password []byte,
	hash func([]byte) [sha256.Size]byte, same func(a, b []byte) int) (*User, bool) {
	user := u.byName[name]
	if user == nil {
		user = &u.nobody
	}
	given, right := hash(password), 0
	for i := range u.comparisons {
		var want digest
		var isTheirs int
		if i < len(user.passwords) {
			want, isTheirs = user.passwords[i], 1
		}
		right |= isTheirs & same(given[:], want[:])
	}
	if user.on && (user.nopass || right == 1) {
		return user, true
	}
	return nil, false
}

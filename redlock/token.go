package redlock

import (
	"crypto/rand"
	"encoding/hex"
)

// What a node stores for a lock is either the bare token, when the token is of
// the proxy's own making and fresh, or
//
//	token NUL owner[4] state[1] nonce[3]
//
// owner names the Lock that took the key and stays when it is extended. state is
// 't' when the owner took it and 'k' as soon as another Lock with the same token
// has found it and relies on it: then the owner's end must not release it. nonce
// is new with every write, so that an undo takes back what one call wrote and
// nothing else, however late it comes; by the token alone it would delete a
// later grant that the caller was given on its second try.
const (
	tokenBytes = 20 // what the Redis documentation asks for: enough that no two are ever alike
	ownerBytes = 4  // tells the Locks with one token apart; they are few
	nonceBytes = 3  // tells the writes of one Lock apart; fewer still are alive at once
	tailBytes  = 1 + ownerBytes + 1 + nonceBytes
)

// newToken makes a token for a caller who brings none. It names the attempt
// too, as every attempt gets a new one.
func newToken() string {
	var raw [tokenBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	var text [2 * tokenBytes]byte
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// newValue is what a Lock with that token writes, with an owner and a nonce of
// its own.
func newValue(token string) string {
	var few [64]byte // on the stack, as a rule
	raw := append(few[:0], token...)
	raw = append(raw, make([]byte, tailBytes)...)
	tail := raw[len(token):]
	_, _ = rand.Read(tail)
	tail[0], tail[1+ownerBytes] = 0, 't'
	return string(raw)
}

func ownerOf(value string) string {
	tail := value[len(value)-tailBytes:]
	return tail[1 : 1+ownerBytes]
}

func nonceOf(value string) string { return value[len(value)-nonceBytes:] }

// tokenOf is the token that a value on a node is of, as far as it is one of ours.
func tokenOf(value string) string {
	if cut := len(value) - tailBytes; cut > 0 && value[cut] == 0 {
		return value[:cut]
	}
	return value
}

// holds tells whether a value on a node is of the token; the scripts' mine().
func holds(value, token string) bool {
	return value == token ||
		len(value) == len(token)+tailBytes && value[:len(token)] == token && value[len(token)] == 0
}

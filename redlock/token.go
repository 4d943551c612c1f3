package redlock

import (
	"crypto/rand"
	"encoding/hex"
)

const (
	tokenBytes = 20 // what the Redis documentation asks for: enough that no two are ever alike
	nonceBytes = 8  // tells the attempts with one token apart; they are few
)

// newToken makes a token for a caller who brings none. It names the attempt
// too, as every attempt gets a new one.
func newToken() string {
	var raw [tokenBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(raw[:])
}

// attemptValue is what an attempt with the caller's own token writes, and any
// extension: token NUL nonce. The nonce lets an undo take back what this call
// wrote and nothing else, however late it comes; by the token alone it would
// delete a later grant that the caller was given on its second try.
func attemptValue(token string) string {
	raw := make([]byte, 0, len(token)+1+nonceBytes)
	raw = append(append(raw, token...), 0)
	raw = raw[:cap(raw)]
	_, _ = rand.Read(raw[len(token)+1:])
	return string(raw)
}

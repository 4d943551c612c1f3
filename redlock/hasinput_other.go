//go:build !unix

package redlock

import "syscall"

// hasInput is not known here: what is sent over a connection that was closed has
// no answer.
func hasInput(syscall.RawConn) bool { return false }

//go:build !linux

package proxy

import "syscall"

// userTimeout is Linux' own; elsewhere keepalive has to do.
func userTimeout(_, _ string, _ syscall.RawConn) error { return nil }

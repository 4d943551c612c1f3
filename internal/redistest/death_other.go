//go:build !linux

package redistest

import "syscall"

// processAttr gives the child a group of its own, as on Linux. Only Linux can
// kill it when we crash; elsewhere a crashed run leaves its servers behind.
func processAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

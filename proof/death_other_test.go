//go:build unix && !linux

package proof

import "syscall"

// processAttr leaves a child behind when the test is killed: there is no means
// against that here.
func processAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

//go:build unix

package main

import (
	"math"
	"syscall"
)

// openFiles is the process's limit, which Go has raised as far as it may.
func openFiles() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return min(uint64(r.Cur), math.MaxInt32), true
}

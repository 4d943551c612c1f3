package proof

import "syscall"

// processAttr lets the kernel end a child with the thread that started it.
func processAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

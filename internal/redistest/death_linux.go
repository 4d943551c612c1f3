package redistest

import "syscall"

// processAttr ties a child's life to ours: the kernel kills it when the thread
// that started it ends, which (*child).run sees to that it does not while the
// process lives. The group of its own keeps a Ctrl-C at the terminal from the
// child, so that a benchmark can still measure and close what it started.
func processAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

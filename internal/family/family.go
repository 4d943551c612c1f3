//go:build unix

package family

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Family is a command and what descends from it.
type Family struct {
	command *exec.Cmd
	pid     int
	status  syscall.WaitStatus // when ended is closed
	ended   chan struct{}
	gone    chan struct{}
}

// Start runs a command with the standard files of this process. On Linux the
// command is killed when this process ends, however that comes.
func Start(words, environment []string) (*Family, error) {
	adoptOrphans()
	f := &Family{ended: make(chan struct{}), gone: make(chan struct{})}
	f.command = exec.Command(words[0], words[1:]...)
	f.command.Env = environment
	f.command.Stdin, f.command.Stdout, f.command.Stderr = os.Stdin, os.Stdout, os.Stderr
	f.command.SysProcAttr = dieWithParent()
	started := make(chan error)
	go f.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting the command: %w", err)
	}
	return f, nil
}

// run starts the command and waits for all children, until there are none. It
// keeps its thread: the kernel takes the end of the thread that started the
// command for the end of its parent.
func (f *Family) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := f.command.Start()
	if err == nil {
		f.pid = f.command.Process.Pid
	}
	started <- err
	if err != nil {
		return
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // ECHILD: nobody is left
			close(f.gone)
			return
		case pid == f.pid:
			f.status = status
			close(f.ended)
		}
	}
}

// Ended is closed when the command has ended; others of the family may go on.
func (f *Family) Ended() <-chan struct{} { return f.ended }

// Gone is closed when nobody of the family is left.
func (f *Family) Gone() <-chan struct{} { return f.gone }

// Code is what a shell makes of the end of the command: its exit code, or 128
// and the number of the signal that ended it. Only after Ended.
func (f *Family) Code() int {
	if f.status.Signaled() {
		return 128 + int(f.status.Signal())
	}
	return f.status.ExitStatus()
}

// Signal sends a signal to the command alone.
func (f *Family) Signal(s syscall.Signal) {
	select {
	case <-f.ended: // its number may be another's by now
	default:
		_ = syscall.Kill(f.pid, s)
	}
}

// SignalAll sends a signal to the whole family, as far as it is found. One that
// is just being started may be missed, so repeat it until Gone.
func (f *Family) SignalAll(s syscall.Signal) {
	f.Signal(s)
	for _, pid := range descendants(os.Getpid()) {
		if pid != f.pid {
			_ = syscall.Kill(pid, s) // it may have ended, or be another user's
		}
	}
}

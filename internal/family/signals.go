//go:build unix

package family

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signals begins to receive what is passed on to a command. A signal that was
// ignored from the start (nohup, a shell's background) stays so, for the command
// too. SIGPIPE is received as well and ForwardSignal drops it: an end of stderr
// must not be the end of who watches over the lock.
func Signals() <-chan os.Signal {
	received := make(chan os.Signal, 16)
	for _, s := range []os.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE,
	} {
		if !signal.Ignored(s) {
			signal.Notify(received, s)
		}
	}
	return received
}

// FromKeyboard says that the command has most likely got a signal already: a
// terminal sends those of Ctrl-C and Ctrl-\ to the whole foreground group, in
// which the command is too. Twice would be too much, as many programs end
// without cleaning up at the second.
func FromKeyboard(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false // there is none
	}
	defer func() { _ = terminal.Close() }()
	foreground, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return false
	}
	own, err := unix.Getpgid(0)
	return err == nil && foreground == own
}

// ForwardSignal passes one of Signals on to the command.
func (f *Family) ForwardSignal(s os.Signal) {
	if number, is := s.(syscall.Signal); is && s != syscall.SIGPIPE && !FromKeyboard(s) {
		f.Signal(number)
	}
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// runTerminal types at a terminal of which the command reads. Ctrl-C reaches it
// once, from the terminal, and is not passed on a second time.
func runTerminal(t *testing.T, p *process) {
	keyboard, terminal := openTerminal(t)
	r := p.prepare("--addr="+p.addr, "terminal", "--", "sh", "-c", `trap "echo interrupted" INT
		trap "exit 8" USR1
		read line; echo "typed $line"
		while :; do sleep 0.01; done`)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = terminal, terminal, terminal
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	shown := newOutput()
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(shown, keyboard) }()
	typeIn(t, keyboard, "words\n")
	shown.await(t, "typed words")
	const times = 5 // a shell can take two signals at the same moment for one
	for i := range times {
		typeIn(t, keyboard, "\x03")
		eventually(t, "it is interrupted", func() bool { return strings.Count(shown.String(), "interrupted") > i })
	}
	r.signal(t, syscall.SIGUSR1) // comes after what would have been passed on
	if got := r.end(t); got != 8 {
		t.Errorf("exit code %d, want 8", got)
	}
	<-read
	if text := shown.String(); strings.Count(text, "interrupted") != times {
		t.Errorf("want to see %d interruptions:\n%s", times, text)
	}
}

func typeIn(t *testing.T, keyboard io.Writer, keys string) {
	t.Helper()
	if _, err := io.WriteString(keyboard, keys); err != nil {
		t.Fatal(err)
	}
}

// openTerminal gives both ends of a pseudo terminal.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keyboard, terminal
}

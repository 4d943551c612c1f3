package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// file is every value that was ever written, one a line, and by whom.
type file struct{ path, name string }

func (f file) add(g *grant, work func()) error {
	n, err := f.read()
	if err != nil {
		return err
	}
	work()
	return f.write(g, n+1)
}

func (f file) read() (int, error) {
	h, err := f.open(syscall.LOCK_SH)
	if err != nil {
		return 0, err
	}
	defer func() { _ = h.Close() }()
	text, err := io.ReadAll(h)
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) < 2 {
		return 0, err
	}
	n, _, _ := strings.Cut(lines[len(lines)-2], " ")
	return strconv.Atoi(n)
}

// write is one step with the look at the clock: what turns out to be written too
// late was never there for others.
func (f file) write(g *grant, n int) error {
	h, err := f.open(syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	end, err := h.Seek(0, io.SeekEnd)
	if err != nil || g.late() {
		return err
	}
	if _, err := fmt.Fprintf(h, "%d %s\n", n, f.name); err != nil {
		return err
	}
	if g.late() {
		return h.Truncate(end)
	}
	return nil
}

func (f file) open(how int) (*os.File, error) {
	h, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(h.Fd()), how); err != nil {
		_ = h.Close() // The other error counts.
		return nil, fmt.Errorf("lock %s: %w", f.path, err)
	}
	return h, nil
}

// store is a server that asks for the fence and looks at no clock.
type store struct {
	conn  net.Conn
	lines *bufio.Reader
	name  string
}

func dial(address, name string) (*store, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &store{conn, bufio.NewReader(conn), name}, nil
}

func (s *store) add(g *grant, work func()) error {
	told, err := s.ask("read", g.fence, s.name)
	if err != nil || told == "stale" {
		return err
	}
	n, err := strconv.Atoi(told)
	if err != nil {
		return err
	}
	work()
	_, err = s.ask("write", g.fence, s.name, n+1)
	return err
}

func (s *store) ask(words ...any) (string, error) {
	if _, err := fmt.Fprintln(s.conn, words...); err != nil {
		return "", err
	}
	line, err := s.lines.ReadString('\n')
	return strings.TrimSpace(line), err
}

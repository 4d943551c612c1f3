package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// gate is a FILE that holds a task up where it reads its number: a named pipe.
// What the task writes goes into a plain file that has taken the pipe's name.
type gate struct {
	path string
	pipe *os.File
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{path: filepath.Join(t.TempDir(), "counter")}
	if err := syscall.Mkfifo(g.path, 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// await returns when the task has begun to read.
func (g *gate) await(t *testing.T, running func() bool) {
	t.Helper()
	eventually(t, "the task to begin", func() bool {
		if !running() {
			t.Fatal("the program ended before its task had begun")
		}
		var err error // "no such device" as long as nobody reads
		g.pipe, err = os.OpenFile(g.path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		return err == nil
	})
	if err := os.Remove(g.path); err != nil {
		t.Fatal(err)
	}
}

// open lets the task go on, with the number it reads.
func (g *gate) open(number string) {
	_, _ = g.pipe.WriteString(number + "\n") // it fails when the task has gone
	_ = g.pipe.Close()
}

// want wants the task to have written this; "" is nothing at all.
func (g *gate) want(t *testing.T, number string) {
	t.Helper()
	text, err := os.ReadFile(g.path)
	if got := strings.TrimSpace(string(text)); got != number || (err == nil) != (number != "") {
		t.Errorf("the task wrote %q (%v), want %q", got, err, number)
	}
}

// plain is a FILE with a number, and holds nobody up.
func plain(t *testing.T, number string) *gate {
	t.Helper()
	g := &gate{path: filepath.Join(t.TempDir(), "counter")}
	if err := os.WriteFile(g.path, []byte(number+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

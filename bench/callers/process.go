package callers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"redlock-proxy/bench/stage"
)

// patience is how much longer than its turn a process may take. redsync waits
// for a paused node for seconds before it gives a pair up.
const patience = 30 * time.Second

// Process is a started peer whose connections are open.
type Process struct {
	order  Order
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Reader
	stderr strings.Builder
	stop   context.CancelFunc
}

// Start starts the process of a peer and returns when it has connected. Who
// gets one must call Turn or Close.
func Start(ctx context.Context, o Order) (*Process, error) {
	ctx, stop := context.WithTimeout(ctx, o.WarmUp+o.Time+patience)
	p := &Process{order: o, stop: stop}
	if err := p.start(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("start %s: %w", o.Peer, err)
	}
	if err := p.await(wordConnected); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Process) start(ctx context.Context) error {
	order, err := json.Marshal(p.order)
	if err != nil {
		return err
	}
	command := "node"
	var args []string
	if inNode(p.order.Peer) {
		args, err = script(ctx)
	} else {
		command, err = os.Executable()
		args = []string{argument}
	}
	if err != nil {
		return err
	}
	p.cmd = exec.CommandContext(ctx, command, append(args, string(order))...)
	// A Ctrl-C at the terminal is for the load program, which ends this one.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.lines = bufio.NewReaderSize(out, 1<<20)
	return p.cmd.Start()
}

// script finds callers.mjs and what it needs.
func script(ctx context.Context) ([]string, error) {
	module, err := stage.Module(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(module, "interop/node_modules/redlock-universal")); err != nil {
		return nil, fmt.Errorf("the libraries of Node.js are not installed, run npm install in bench/interop or sh test.sh: %w", err)
	}
	return []string{filepath.Join(module, "callers/callers.mjs")}, nil
}

// Pid is the process whose time and memory are the peer's.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Turn lets the callers work and ends the process. It calls measuring when the
// measured time begins and over when it ends.
func (p *Process) Turn(measuring, over func() error) (Result, error) {
	var r Result
	err := p.turn(&r, measuring, over)
	return r, errors.Join(err, p.Close())
}

func (p *Process) turn(r *Result, measuring, over func() error) error {
	if _, err := io.WriteString(p.stdin, "go\n"); err != nil {
		return fmt.Errorf("%s: %w", p.order.Peer, err)
	}
	for _, step := range []struct {
		word string
		then func() error
	}{{wordMeasuring, measuring}, {wordOver, over}} {
		if err := p.await(step.word); err != nil {
			return err
		}
		if err := step.then(); err != nil {
			return err
		}
	}
	line, err := p.lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, r)
	}
	if err != nil {
		return fmt.Errorf("%s: read the result: %w", p.order.Peer, err)
	}
	return nil
}

// await reads the next line, which must be this one.
func (p *Process) await(word string) error {
	line, err := p.lines.ReadString('\n')
	if got := strings.TrimSpace(line); err != nil || got != word {
		return fmt.Errorf("%s: got %q (%w), want %q", p.order.Peer, got, err, word)
	}
	return nil
}

// Close ends the process: by itself once its input has ended, by force when its
// time is over.
func (p *Process) Close() error {
	defer p.stop()
	_ = p.stdin.Close() // it fails when the process has gone, which Wait reports
	_, _ = io.Copy(io.Discard, p.lines)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s ended: %w: %s", p.order.Peer, err, p.stderr.String())
	}
	return nil
}

package proof

import (
	"bytes"
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// process is a child that does not outlive the test.
type process struct {
	cmd   *exec.Cmd
	log   *transcript   // what it writes to stderr
	ended chan struct{} // closed when it has ended; then err is its exit
	err   error

	mu     sync.Mutex
	killed bool // by us
}

// startProcess runs the command until the test is over or kill ends it.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &transcript{}, ended: make(chan struct{})}
	cmd.Stderr = p.log
	cmd.SysProcAttr = processAttr()
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	t.Cleanup(p.kill)
	return p
}

// run stays on the thread that starts the child, as the kernel ends the child
// with that thread, and Go ends threads as it likes.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
	close(p.ended)
}

// kill ends the process without a warning.
func (p *process) kill() {
	if p.alive() {
		p.mu.Lock()
		p.killed = true
		p.mu.Unlock()
	}
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// stop makes the process stand still and returns when it does.
func (p *process) stop() {
	p.signal(syscall.SIGSTOP)
	for {
		// WUNTRACED reports the halt, or the end if that came first; run's Wait then
		// finds nothing left to wait for, which is fine.
		_, err := syscall.Wait4(p.cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
		if !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}

func (p *process) resume() { p.signal(syscall.SIGCONT) }

// signal fails only when the process has ended, which those see who wait for it.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wantNoComplaint: it runs, or we have killed it. The race detector ends what it
// complains of.
func (p *process) wantNoComplaint(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() && !p.killed {
		t.Errorf("%v ended by itself: %v\n%s", p.cmd.Args, p.err, p.log)
	}
}

// transcript keeps what a process writes.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

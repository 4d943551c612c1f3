package clients

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; only a failure takes
// that long.
const patience = 20 * time.Second

// process is a child that does not outlive the test, and that has a process
// group to itself, so that it ends with its own children.
type process struct {
	cmd   *exec.Cmd
	log   *transcript   // what it writes to stderr
	ended chan struct{} // closed when it has ended; then err is its exit
	err   error
}

// startProcess runs the command until the test is over or stop ends it.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &transcript{}, ended: make(chan struct{})}
	cmd.Stderr = p.log
	cmd.SysProcAttr = processAttr()
	// A grandchild that was left behind must not keep us at its output.
	cmd.WaitDelay = time.Second
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

// kill ends the process and its children at once.
func (p *process) kill() {
	// It fails only when there is none left.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
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

// eventually polls until ok holds or the time is over, and reports whether it
// did.
func eventually(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

package redistest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// child is one redis-server process. A Server has one after the other.
type child struct {
	cmd  *exec.Cmd
	dir  string        // its own directory, gone with it
	dead chan struct{} // closed when the process has ended and been waited for
}

// spawn starts a redis-server with the given arguments in a new directory below
// dir, so that it finds nothing a predecessor has written. It does not wait
// until the server answers.
func spawn(dir string, args []string) (*child, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoRedis
	}
	own, err := os.MkdirTemp(dir, "redis-")
	if err != nil {
		return nil, fmt.Errorf("redistest: make the server's directory: %w", err)
	}
	c := &child{dir: own, dead: make(chan struct{})}
	c.cmd = exec.Command(bin, append([]string{"--dir", own}, args...)...)
	c.cmd.SysProcAttr = processAttr()
	if err := c.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("redistest: start %s: %w", bin, err), os.RemoveAll(own))
	}
	return c, nil
}

// start runs the process with its output in a file: with a buffer, os/exec would
// need a goroutine to copy.
func (c *child) start() error {
	log, err := os.Create(c.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd.Stdout, c.cmd.Stderr = log, log
	started := make(chan error)
	go c.run(started)
	return <-started
}

// run starts the process and stays until it has ended. It keeps its thread for
// itself all that time: the parent-death signal is sent when the *thread* that
// forked ends, and Go ends threads as it likes. As the goroutine that starts is
// the one that waits, the thread lives exactly as long as the child needs it.
func (c *child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	// The error says that it was killed, or that stop has already waited.
	_ = c.cmd.Wait()
	close(c.dead)
}

// stop halts the process and returns when it stands still. Must not be called
// for a process that is stopped already: there would be nothing to wait for.
func (c *child) stop() {
	if c.cmd.Process.Signal(syscall.SIGSTOP) != nil {
		return // It has ended.
	}
	// The signal only asks. WUNTRACED reports the halt, or the end if that came
	// first; run's Wait then finds nothing left to wait for, which is fine.
	for {
		_, err := syscall.Wait4(c.cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
		if !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}

// resume lets a stopped process go on.
func (c *child) resume() {
	// It fails only when the process has ended: nothing to resume.
	_ = c.cmd.Process.Signal(syscall.SIGCONT)
}

// kill ends the process, stopped or not, waits for it and removes its directory.
func (c *child) kill() {
	// It fails only when the process has ended: what was wanted.
	_ = c.cmd.Process.Kill()
	<-c.dead
	// A directory left below the caller's is no reason to fail a test.
	_ = os.RemoveAll(c.dir)
}

// log returns what the process has written so far.
func (c *child) log() string {
	text, err := os.ReadFile(c.logPath())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (c *child) logPath() string { return filepath.Join(c.dir, "redis.log") }

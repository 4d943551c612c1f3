package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Proxy is a proxy that runs beside us, as it does in use: it does not share
// our memory, our garbage collector or our scheduler.
type Proxy struct {
	Address string
	Admin   string // where its metrics are, "" without Options.Admin
	cmd     *exec.Cmd
	asking  redis.Conn
	read    chan struct{} // closed when all that it wrote was read
}

// start starts a proxy for the nodes and returns when it listens.
func start(ctx context.Context, o Options, nodes []string) (*Proxy, error) {
	args := []string{"--listen", "127.0.0.1:0", "--first-start", "force"}
	for _, address := range nodes {
		args = append(args, "--node", "redis://"+address)
	}
	if o.Admin {
		args = append(args, "--admin", "127.0.0.1:0")
	}
	// Not CommandContext: close ends it, after the peers have closed.
	p := &Proxy{cmd: exec.Command(o.Binary, args...), read: make(chan struct{})}
	// A Ctrl-C at the terminal is ours to handle; the proxy is closed in its turn.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	listening := make(chan string, 1)
	go p.follow(stderr, listening)
	select {
	case p.Address = <-listening:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	if p.Address == "" {
		return nil, errors.Join(errors.New("the proxy did not say where it listens"), ctx.Err(), p.close())
	}
	if p.asking, err = Dial(ctx, p.Address); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// follow finds the address in the proxy's log, and passes on what is not mere
// information: a warning explains a bad figure.
func (p *Proxy) follow(stderr io.Reader, listening chan<- string) {
	defer close(p.read)
	defer close(listening)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		line := lines.Text()
		if _, rest, found := strings.Cut(line, "msg=listening address="); found {
			address, _, _ := strings.Cut(rest, " ")
			listening <- address
		} else if _, rest, found := strings.Cut(line, `msg="serving metrics and health" address=`); found {
			p.Admin, _, _ = strings.Cut(rest, " ") // before it listens
		} else if !strings.Contains(line, "level=INFO") {
			fmt.Fprintln(os.Stderr, line)
		}
	}
}

// close ends the proxy: it drains, and is killed when that takes too long.
func (p *Proxy) close() error {
	if p.asking != nil {
		_ = p.asking.Close() // the proxy's end will tell whether something is wrong
	}
	// Both signals fail only when it has ended by itself, which Wait reports.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.read // Wait closes the pipe
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the proxy ended: %w", err)
	}
	return nil
}

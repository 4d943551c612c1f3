package clients

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// proxy is a proxy process that keeps its port over restarts.
type proxy struct {
	*process
	owner   *testing.T // the test whose end is the proxy's
	binary  string
	address string
	nodes   []*redistest.Server
}

// startProxy starts the proxy for the nodes on a port that is free.
func startProxy(t *testing.T, binary string, nodes []*redistest.Server) *proxy {
	t.Helper()
	p := &proxy{owner: t, binary: binary, nodes: nodes}
	const attempts = 10 // Somebody may be faster at the port.
	for range attempts {
		p.address = freeAddress(t)
		if p.start() {
			return p
		}
	}
	t.Fatalf("no port was free for the proxy; the last one said:\n%s", p.log)
	return nil
}

// start runs the program, and reports whether it listens.
func (p *proxy) start() bool {
	p.owner.Helper()
	args := []string{
		"--listen", p.address,
		"--first-start", "force", // nobody else is there to object
		"--drain-timeout", "300ms", // less to wait for clients that stay
		"--node-timeout", "5s", // which a busy machine does not reach
	}
	for _, n := range p.nodes {
		args = append(args, "--node", "redis://"+n.Addr())
	}
	cmd := exec.Command(p.binary, args...)
	// A data race is to end it, which awaitDrained sees; by default the race
	// detector waits a second at every end.
	cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	p.process = startProcess(p.owner, cmd)
	mine := p.process
	p.owner.Cleanup(func() {
		if p.owner.Failed() {
			p.owner.Logf("stderr of the proxy:\n%s", mine.log)
		}
	})
	return eventually(patience, func() bool {
		return strings.Contains(p.log.String(), "msg=listening") || p.over()
	}) && !p.over()
}

func (p *proxy) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// restart starts the proxy again, where it was.
func (p *proxy) restart(t *testing.T) {
	t.Helper()
	if !p.start() {
		t.Fatalf("the proxy did not start again at %s:\n%s", p.address, p.log)
	}
}

// terminate asks the proxy to end, as an operator would.
func (p *proxy) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("signal the proxy: %v\n%s", err, p.log)
	}
}

// awaitGone waits until the process has ended.
func (p *proxy) awaitGone(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("the proxy did not end:\n%s", p.log)
	}
}

// awaitDrained waits until it has ended of itself, and without a complaint.
func (p *proxy) awaitDrained(t *testing.T) {
	t.Helper()
	p.awaitGone(t)
	if p.err != nil {
		t.Fatalf("the proxy ended: %v\n%s", p.err, p.log)
	}
}

// freeAddress gives a loopback address that nobody listens on now. It is below
// the ports that Linux gives to outgoing connections: while the proxy is away, a
// client that dials it could get that very port, and be connected to itself.
func freeAddress(t *testing.T) string {
	t.Helper()
	const first, last, attempts = 20000, 31999, 100
	var err error
	for range attempts {
		var l net.Listener
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first+1))
		if l, err = net.Listen("tcp", address); err == nil {
			_ = l.Close() // Nothing was sent through it.
			return address
		}
	}
	t.Fatalf("find a free port: %v", err)
	return ""
}

package proof

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"redlock-proxy/internal/redistest"
)

// world is nodes, proxies, and a wire between each two of them.
type world struct {
	t       *testing.T
	nodes   []*redistest.Server
	proxies []*proxy
	// addresses are where the proxies' wires to the nodes end.
	addresses []string
}

// proxy is a proxy process that keeps its port over restarts, and its wires to
// the nodes.
type proxy struct {
	*process
	world   *world
	binary  string
	env     []string
	args    []string
	address string
	wires   []*redistest.Wire
}

// plan is what a world is made of.
type plan struct {
	nodes, proxies int
	before         func(*world) // done before the proxies start
	binary         func() (string, error)
	env            []string
	args           []string
}

// open starts everything; it ends with the test.
func (p plan) open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	for range p.nodes {
		s, err := redistest.Launch(t.TempDir())
		if err != nil {
			t.Fatalf("%v; run sh test.sh", err)
		}
		t.Cleanup(s.Close)
		w.nodes, w.addresses = append(w.nodes, s), append(w.addresses, s.Addr())
	}
	binary, err := p.binary()
	if err != nil {
		t.Fatal(err)
	}
	if p.before != nil {
		p.before(w)
	}
	for range p.proxies {
		w.proxies = append(w.proxies, w.newProxy(binary, p.env, p.args))
	}
	return w
}

// newProxy starts a proxy on a port that is free.
func (w *world) newProxy(binary string, env, args []string) *proxy {
	w.t.Helper()
	p := &proxy{world: w, binary: binary, env: env, args: args}
	for _, address := range w.addresses {
		p.wires = append(p.wires, redistest.StartWire(w.t, address))
	}
	const attempts = 10 // Somebody may be faster at the port.
	for range attempts {
		p.address = freeAddress(w.t)
		if p.start() {
			return p
		}
	}
	w.t.Fatalf("no port was free for the proxy; the last one said:\n%s", p.log)
	return nil
}

// start runs the program, and reports whether it listens.
func (p *proxy) start() bool {
	args := append([]string{"--listen", p.address}, p.args...)
	for _, w := range p.wires {
		args = append(args, "--node", "redis://"+w.Addr())
	}
	cmd := exec.Command(p.binary, args...)
	cmd.Env = append(append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0"), p.env...)
	p.process = startProcess(p.world.t, cmd)
	mine := p.process
	p.world.t.Cleanup(func() { mine.wantNoComplaint(p.world.t) })
	eventually(p.world.t, "the proxy listens", func() bool {
		return strings.Contains(p.log.String(), "msg=listening") || !p.alive()
	})
	if p.alive() {
		return true
	}
	p.killed = true // in effect, by who has the port
	return false
}

// restart starts it again where it was.
func (p *proxy) restart() {
	if !p.start() {
		p.world.t.Errorf("the proxy does not start again at %s:\n%s", p.address, p.log)
	}
}

// renew kills the proxy, and starts one that knows nothing.
func (p *proxy) renew() {
	p.kill()
	p.restart()
}

// fronts are where the proxies listen.
func (w *world) fronts() (all []string) {
	for _, p := range w.proxies {
		all = append(all, p.address)
	}
	return all
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

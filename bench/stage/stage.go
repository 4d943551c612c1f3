package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"redlock-proxy/bench/line"
	"redlock-proxy/internal/redistest"
)

// usual is how many nodes there are unless asked otherwise.
const usual = 5

// patience is how long a process may take for what it does at once. Only a
// stuck one takes that long, and it then shows as an error instead of a program
// that hangs.
const patience = 10 * time.Second

// Options are how a stage is set up.
type Options struct {
	Binary  string // a proxy's; built from this source tree when empty
	Nodes   int    // how many; 5 when 0
	Proxies int    // how many; 1 when 0
	Dead    int    // how many of the first nodes are killed once the proxies run
	Admin   bool   // the proxies serve metrics, see Proxy.Admin
	// Away is how much longer a round trip to a node takes than it does on
	// loopback.
	Away time.Duration
}

// Stage is some nodes and the proxies in front of them.
type Stage struct {
	Nodes    []*redistest.Server
	Proxies  []*Proxy
	Version  string // of the nodes' Redis
	Dead     int    // so many of the first nodes are killed
	lines    []*line.Line
	nodePids []int
	dir      string
}

// Open starts everything, or nothing.
func Open(ctx context.Context, o Options) (*Stage, error) {
	s := &Stage{Dead: o.Dead}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, o Options) (err error) {
	if s.dir, err = os.MkdirTemp("", "redlock-bench-"); err != nil {
		return err
	}
	nodes := o.Nodes
	if nodes == 0 {
		nodes = usual
	}
	for range nodes {
		if err := s.addNode(ctx, o.Away); err != nil {
			return err
		}
	}
	if o.Binary == "" {
		if o.Binary, err = Build(ctx, s.dir); err != nil {
			return err
		}
	}
	for range max(o.Proxies, 1) {
		p, err := start(ctx, o, s.Addresses())
		if err != nil {
			return err
		}
		s.Proxies = append(s.Proxies, p)
	}
	for _, n := range s.Nodes[:s.Dead] {
		n.Kill()
	}
	return nil
}

func (s *Stage) addNode(ctx context.Context, away time.Duration) error {
	n, err := redistest.Launch(s.dir)
	if err != nil {
		return err
	}
	s.Nodes = append(s.Nodes, n)
	info, err := n.Client().Info(ctx, "server").Result()
	if err != nil {
		return fmt.Errorf("ask a node for its version: %w", err)
	}
	s.Version = field(info, "redis_version")
	pid, err := strconv.Atoi(field(info, "process_id"))
	if err != nil {
		return fmt.Errorf("ask a node for its process: %w", err)
	}
	s.nodePids = append(s.nodePids, pid)
	if away > 0 {
		l, err := line.Open(n.Addr(), away)
		if err != nil {
			return err
		}
		s.lines = append(s.lines, l)
	}
	return nil
}

// NodePids are the processes of the nodes, dead ones too.
func (s *Stage) NodePids() []int { return s.nodePids }

// ProxyPids are the processes of the proxies.
func (s *Stage) ProxyPids() []int {
	var pids []int
	for _, p := range s.Proxies {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}

// Addresses are where the nodes are reached.
func (s *Stage) Addresses() []string {
	var a []string
	for _, l := range s.lines {
		a = append(a, l.Address())
	}
	if len(a) > 0 {
		return a
	}
	for _, n := range s.Nodes {
		a = append(a, n.Addr())
	}
	return a
}

// Close ends the proxies, then the nodes.
func (s *Stage) Close() error {
	var errs error
	for _, p := range s.Proxies {
		errs = errors.Join(errs, p.close())
	}
	for _, l := range s.lines {
		l.Close()
	}
	for _, n := range s.Nodes {
		n.Close()
	}
	if s.dir != "" {
		errs = errors.Join(errs, os.RemoveAll(s.dir))
	}
	return errs
}

// Progress tells whoever watches, on stderr.
func Progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"redlock-proxy/commands"
	"redlock-proxy/proxy"
	"redlock-proxy/redlock"
)

// serve is the subcommand that serves lock commands until it is told to stop.
type serve struct {
	config `embed:""`
}

// quorumGrace is how long the last requests to the nodes may take at the end.
const quorumGrace = 5 * time.Second

// Run serves until env's context ends, then drains.
func (s *serve) Run(env *environment) error {
	if err := s.validate(); err != nil {
		return err
	}
	nodes, err := s.nodes()
	if err != nil {
		return err
	}
	log := newLogger(env.stderr, s.LogLevel, s.LogFormat)
	ctx := context.WithoutCancel(env.ctx)

	if len(nodes) == 0 {
		var servers embedded
		if servers, nodes, err = startEmbedded(); err != nil {
			return err
		}
		defer servers.close()
		log.Warn("no --node is given: running on five nodes inside this process, for trying out; every lock is lost when it ends")
	}
	warnOfCount(log, len(nodes))
	s.fitOpenFiles(log, len(nodes))

	quorum, err := redlock.New(ctx, redlock.Options{
		Nodes:       nodes,
		KeyPrefix:   s.KeyPrefix,
		DriftFactor: s.DriftFactor,
		NodeTimeout: s.NodeTimeout,
		MaxTTL:      s.MaxTTL,
		Logger:      log,
	})
	if err != nil {
		return err
	}
	log.Info("redlock-proxy starts", "version", fullVersion(), "nodes", names(nodes), "needed", quorum.Needed(), "max_ttl", s.MaxTTL, "key_prefix", s.KeyPrefix)
	defer func() {
		closing, cancel := context.WithTimeout(ctx, quorumGrace)
		defer cancel()
		if err := quorum.Close(closing); err != nil {
			log.Warn("ended before every release had reached its node; those keys last until their ttl", "err", err)
		}
	}()
	return s.serveClients(env, ctx, log, quorum)
}

func (s *serve) serveClients(env *environment, ctx context.Context, log *slog.Logger, quorum *redlock.Quorum) error {
	table := &commands.Table{
		Quorum:     quorum,
		Logger:     log,
		Version:    fullVersion(),
		Password:   s.Requirepass,
		Embedded:   len(s.Node) == 0,
		MaxClients: s.MaxClients,
	}
	server := proxy.New(ctx, proxy.Options{Table: table, MaxClients: s.MaxClients, IdleTimeout: s.IdleTimeout, Logger: log})
	table.Clients = server.Clients
	if err := table.Prepare(); err != nil {
		return err
	}
	if err := s.listen(ctx, log, server); err != nil {
		s.drain(ctx, log, server)
		return err
	}
	<-env.ctx.Done()
	s.drain(ctx, log, server)
	log.Info("stopped")
	return nil
}

// listen opens every address, or none for long.
func (s *serve) listen(ctx context.Context, log *slog.Logger, server *proxy.Server) error {
	for _, address := range s.Listen {
		l, err := proxy.Listen(ctx, address)
		if err != nil {
			return fmt.Errorf("--listen=%s: %w", address, err)
		}
		if err := server.Serve(l); err != nil {
			return err
		}
		log.Info("listening", "address", l.Addr().String(), "try", tryIt(l.Addr(), s.Requirepass != ""))
	}
	return nil
}

// tryIt is the line to type for a first look.
func tryIt(a net.Addr, password bool) string {
	cli := "redis-cli"
	if password {
		cli += " --askpass"
	}
	const lock = " LOCK jobs:42 10000"
	if a.Network() == "unix" {
		return cli + " -s " + a.String() + lock
	}
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); host != "127.0.0.1" && !ip.IsUnspecified() {
		cli += " -h " + host
	}
	return cli + " -p " + port + lock
}

func names(nodes []redlock.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return strings.Join(all, " ")
}

// drain waits for the clients to finish; a second signal ends the wait.
func (s *serve) drain(ctx context.Context, log *slog.Logger, server *proxy.Server) {
	if n := server.Clients(); n > 0 {
		log.Info("draining: new locks are refused, releases and extensions go on; signal again to cut it short", "clients", n, "at_most", s.DrainTimeout)
	}
	draining, cancel := context.WithTimeout(ctx, s.DrainTimeout)
	defer cancel()
	draining, stop := signal.NotifyContext(draining, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server.Close(draining)
}

func warnOfCount(log *slog.Logger, n int) {
	switch {
	case n == 1:
		log.Warn("one node is no quorum: a lock is as safe as that node, and nothing works while it is away; use 3 or 5")
	case n%2 == 0:
		log.Warn("an even number of nodes survives no more failures than one node less", "nodes", n)
	}
}

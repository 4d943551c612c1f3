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
	config    `embed:""`
	inherited []net.Listener // which take the place of --listen
}

// quorumGrace is how long the last requests to the nodes may take at the end.
const quorumGrace = 5 * time.Second

// Run serves until env's context ends, then drains.
func (s *serve) Run(env *environment) error {
	var err error
	if s.inherited, err = s.inherit(); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return err
	}
	nodes, err := s.nodes()
	if err != nil {
		return err
	}
	level := &slog.LevelVar{}
	level.Set(levelOf(s.LogLevel))
	log := newLogger(env.stderr, level, s.LogFormat)
	warnOfExposed(log, env.given.file)
	hangups := catchHangups()
	defer signal.Stop(hangups)
	ctx := context.WithoutCancel(env.ctx)
	access, err := s.openAccess()
	if err != nil {
		return err
	}
	table, err := s.table(log, access)
	if err != nil {
		return err
	}
	defer table.Close()
	reloads := &reloader{
		log: log, level: level, table: table, access: access, logins: takeLogins(nodes), systemd: systemd{log},
		again: env.again, running: s.config, values: env.given.values, hangups: hangups,
	}

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

	quorum, err := redlock.New(ctx, s.options(nodes, log))
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
	table.Quorum = quorum
	return s.serveClients(env, ctx, reloads)
}

// readyMost is how long clients are kept waiting for a first start, which needs
// a moment in which other proxies may object.
const readyMost = 5 * time.Second

// ready waits until the nodes have been looked at, so that the first clients do
// not hear that there is no quorum.
func (s *serve) ready(ctx context.Context, quorum *redlock.Quorum) {
	ctx, cancel := context.WithTimeout(ctx, readyMost)
	defer cancel()
	_ = quorum.Ready(ctx) // those who come earlier hear why
}

func (s *serve) options(nodes []redlock.Node, log *slog.Logger) redlock.Options {
	o := s.quorumOptions(nodes)
	o.FirstStart = redlock.FirstStart(s.FirstStart)
	o.RetryDelay, o.RetryJitter = s.RetryDelay, s.RetryJitter
	o.MaxWaiters, o.MaxWaitersPerResource = s.MaxWaiters, s.MaxWaitersPerResource
	o.Logger = log
	if s.RetryJitter == 0 {
		o.RetryJitter = -1 // none; zero is the library's default
	}
	return o
}

// table is complete but for the quorum and the connections.
func (s *serve) table(log *slog.Logger, access access) (*commands.Table, error) {
	t := &commands.Table{
		Logger:     log,
		Version:    fullVersion(),
		Password:   s.Requirepass,
		OpenUsers:  access.users,
		MustLogIn:  s.exposed() != "",
		Embedded:   len(s.Node) == 0,
		MaxBlock:   s.MaxBlock,
		RetryCount: s.RetryCount,
		MaxHold:    s.MaxHold,
		MaxHolds:   s.MaxHolds,
		Settings:   s.settings(),
	}
	if err := t.Prepare(); err != nil {
		return nil, usageError(fmt.Sprintf("--aclfile=%s: %v", s.Aclfile, err))
	}
	return t, nil
}

func (s *serve) serveClients(env *environment, ctx context.Context, reloads *reloader) error {
	log, table, systemd := reloads.log, reloads.table, reloads.systemd
	server := proxy.New(ctx, proxy.Options{Table: table, MaxClients: s.MaxClients, IdleTimeout: s.IdleTimeout, Logger: log})
	table.Front = server
	defer systemd.watch(func() { server.Clients(); table.Quorum.Nodes() })()
	var closeAdmin func()
	var err error
	reloads.admin, closeAdmin, err = s.openAdmin(ctx, log, table)
	if err != nil {
		s.drain(ctx, log, server)
		return err
	}
	defer closeAdmin() // after the drain, which it tells of
	s.ready(env.ctx, table.Quorum)
	if err := s.listen(ctx, log, server, reloads.access.tls); err != nil {
		s.drain(ctx, log, server)
		return err
	}
	if reloads.admin != nil {
		reloads.admin.Open()
	}
	stop := reloads.run()
	systemd.ready()
	<-env.ctx.Done()
	systemd.stopping()
	stop()
	s.drain(ctx, log, server)
	log.Info("stopped")
	return nil
}

// listen opens every address, or none for long.
func (s *serve) listen(ctx context.Context, log *slog.Logger, server *proxy.Server, secure *proxy.TLS) error {
	for i, address := range s.Listen {
		l, err := s.listener(ctx, i, address)
		if err != nil {
			return fmt.Errorf("--listen=%s: %w", address, err)
		}
		on := secure
		if l.Addr().Network() == "unix" {
			on = nil // whoever may open the socket is on this machine
		}
		if err := server.Serve(l, on); err != nil {
			return err
		}
		log.Info("listening", "address", l.Addr().String(), "tls", on != nil, "try", s.tryIt(l.Addr()))
	}
	return nil
}

func (s *serve) listener(ctx context.Context, i int, address string) (net.Listener, error) {
	if len(s.inherited) > 0 {
		return s.inherited[i], nil
	}
	return proxy.Listen(ctx, address, s.unixSocketMode())
}

// tryIt is the line to type for a first look.
func (s *serve) tryIt(a net.Addr) string {
	cli := "redis-cli"
	if s.Requirepass != "" {
		cli += " --askpass"
	}
	if s.Aclfile != "" {
		cli += " --user NAME --askpass"
	}
	const lock = " LOCK jobs:42 10000"
	if a.Network() == "unix" {
		return cli + " -s " + a.String() + lock
	}
	host, port, _ := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); host != "127.0.0.1" && !ip.IsUnspecified() {
		cli += " -h " + host
	}
	if s.TLSCert != "" {
		cli += " --tls --cacert CA.pem"
	}
	if s.TLSCA != "" {
		cli += " --cert CERT.pem --key KEY.pem"
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

func warnOfExposed(log *slog.Logger, file *configFile) {
	if file.exposed() {
		log.Warn("others may read the file of --config, and there are passwords in it; chmod o-r", "file", file.name)
	}
}

func warnOfCount(log *slog.Logger, n int) {
	switch {
	case n == 1:
		log.Warn("one node is no quorum: a lock is as safe as that node, and nothing works while it is away; use 3 or 5")
	case n%2 == 0:
		log.Warn("an even number of nodes survives no more failures than one node less", "nodes", n)
	}
}

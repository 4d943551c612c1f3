package main

import (
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"syscall"
	"time"

	"redlock-proxy/admin"
	"redlock-proxy/commands"
)

// reloader reads everything again at SIGHUP that may change while clients are
// connected. SIGHUP never ends the proxy, as a terminal that closes would
// otherwise.
type reloader struct {
	log     *slog.Logger
	level   *slog.LevelVar
	table   *commands.Table
	access  access
	logins  logins
	admin   *admin.Server // nil: no admin address
	systemd systemd
	again   func() (*given, error)
	// running are the settings that count now.
	running config
	values  map[string]any

	hangups chan os.Signal
}

// reloadGrace is how long the end of the program waits for a reload.
const reloadGrace = time.Second

// catchHangups takes SIGHUP from the system; those that come before run are
// served then.
func catchHangups() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// run reloads at each SIGHUP, until stop.
func (r *reloader) run() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-r.hangups:
				r.systemd.reloading()
				r.reload()
				r.systemd.ready()
			}
		}
	}()
	return func() {
		close(done)
		select {
		case <-ended:
		case <-time.After(reloadGrace): // a file system that hangs
		}
	}
}

// reload takes what can be read; what can not stays as it was.
func (r *reloader) reload() {
	if err := r.reloadFlags(); err != nil {
		r.log.Error("configuration not loaded, all settings stay as they were", "err", err)
	}
	r.access.reload(r.log, r.table)
}

// reloadFlags reads flags, environment and file again, of which only the file
// can have changed, and applies what needs no restart.
func (r *reloader) reloadFlags() error {
	next, err := r.again()
	if err != nil {
		return err
	}
	want := next.program.Serve.config
	want.Listen = r.running.Listen // sockets may have been given in its place
	if err := want.validate(); err != nil {
		return err
	}
	now := r.running // with what can be applied, and nothing else
	now.Requirepass, now.LogLevel = want.Requirepass, want.LogLevel
	if r.running.Admin != "" {
		now.AdminPassword = want.AdminPassword
	}
	if sameNodes(now.Node, want.Node) {
		now.Node = want.Node
	}
	if err := now.validate(); err != nil {
		return err
	}
	applied, err := r.apply(now)
	if err != nil {
		return err
	}
	r.tell(next, applied)
	return nil
}

// apply makes the settings count and names those that changed.
func (r *reloader) apply(now config) (changed []string, err error) {
	nodes, err := now.nodes()
	if err != nil {
		return nil, err
	}
	if now.Requirepass != r.running.Requirepass {
		if err := r.table.SetPassword(now.Requirepass); err != nil {
			return nil, err
		}
		changed = append(changed, "requirepass")
	}
	r.logins.set(nodes)
	if now.NodeTLSCA+now.NodeTLSCert != "" {
		r.log.Info("certificates for the nodes loaded, for new connections")
	}
	if !slices.Equal(now.Node, r.running.Node) {
		changed = append(changed, "node")
	}
	if now.AdminPassword != r.running.AdminPassword {
		r.admin.SetPassword(now.AdminPassword)
		changed = append(changed, "admin-password")
	}
	if now.LogLevel != r.running.LogLevel {
		r.level.Set(levelOf(now.LogLevel))
		changed = append(changed, "log-level")
	}
	r.running = now
	return changed, nil
}

// tell names the settings that changed, and those that would have to: never
// their values, which may be passwords.
func (r *reloader) tell(next *given, applied []string) {
	var restart []string
	for name, value := range next.values {
		if slices.Contains(applied, name) {
			r.values[name] = value
		} else if !reflect.DeepEqual(value, r.values[name]) {
			restart = append(restart, name)
		}
	}
	slices.Sort(restart)
	if next.file != nil {
		r.log.Info("configuration loaded", "changed", applied)
	}
	if len(restart) > 0 {
		r.log.Warn("these settings differ from what runs, and count after a restart only", "flags", restart)
	}
	warnOfExposed(r.log, next.file)
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"redlock-proxy/admin"
	"redlock-proxy/commands"
	"redlock-proxy/proxy"
)

// validateAdmin checks the flags of the admin address. There is no protected
// mode to switch off: who can reach the proxy may still have no business there.
func (c *config) validateAdmin() error {
	if c.Admin == "" {
		if c.AdminPassword != "" {
			return usageError("--admin-password: of no use without --admin")
		}
		return nil
	}
	if path, isUnix := strings.CutPrefix(c.Admin, "unix://"); isUnix {
		if !strings.HasPrefix(path, "/") {
			return usageError(fmt.Sprintf("--admin=%s: write unix:///path with three slashes", c.Admin))
		}
		return nil
	}
	host, _, err := net.SplitHostPort(c.Admin)
	if err != nil {
		return usageError(fmt.Sprintf("--admin=%s: write host:port or unix:///path", c.Admin))
	}
	if !loopback(host) && c.AdminPassword == "" {
		return usageError(fmt.Sprintf("--admin=%s: anybody who reaches this address could look; set --admin-password, or use 127.0.0.1", c.Admin))
	}
	return nil
}

// adminGrace is how long a scrape may take at the end.
const adminGrace = time.Second

// openAdmin serves the admin address, or gives nil if there is none. end is to be
// called at last.
func (c *config) openAdmin(ctx context.Context, log *slog.Logger, table *commands.Table) (s *admin.Server, end func(), err error) {
	if c.Admin == "" {
		return nil, func() {}, nil
	}
	s, err = admin.New(admin.Options{Table: table, Password: c.AdminPassword, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	l, err := proxy.Listen(ctx, c.Admin, c.unixSocketMode())
	if err != nil {
		return nil, nil, fmt.Errorf("--admin=%s: %w", c.Admin, err)
	}
	s.Serve(l)
	log.Info("serving metrics and health", "address", l.Addr().String(), "password", c.AdminPassword != "")
	return s, func() {
		closing, cancel := context.WithTimeout(ctx, adminGrace)
		defer cancel()
		s.Close(closing)
	}, nil
}

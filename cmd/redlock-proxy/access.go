package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"redlock-proxy/commands"
	"redlock-proxy/proxy"
)

// access is who may come in, as far as files say it.
type access struct {
	users commands.OpenUsers // nil: no ACL file
	tls   *proxy.TLS         // nil: no TLS
}

func (c *config) openAccess() (access, error) {
	var a access
	if c.Aclfile != "" {
		a.users = func() (io.ReadCloser, error) { return openRegular(c.Aclfile) }
	}
	if c.TLSCert == "" {
		return a, nil
	}
	var err error
	a.tls, err = proxy.NewTLS(proxy.TLSFiles{Cert: c.TLSCert, Key: c.TLSKey, ClientCA: c.TLSCA})
	if err != nil {
		return a, usageError(fmt.Sprintf("--tls-cert=%s --tls-key=%s --tls-ca=%s: %v", c.TLSCert, c.TLSKey, c.TLSCA, err))
	}
	return a, nil
}

// openRegular opens no pipes and devices, which could let the opening wait.
func openRegular(file string) (io.ReadCloser, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", file)
	}
	return os.Open(file)
}

// reload reads the files again; those that can not be read stay as they were.
func (a access) reload(log *slog.Logger, table *commands.Table) {
	if a.users != nil {
		if err := table.LoadUsers(nil); err != nil {
			log.Error("ACL file not loaded, the users stay as they were", "err", err)
		} else {
			log.Info("ACL file loaded")
		}
	}
	if a.tls != nil {
		if err := a.tls.Reload(); err != nil {
			log.Error("certificates not loaded, they stay as they were", "err", err)
		} else {
			log.Info("certificates loaded, for new connections")
		}
	}
}

// settings are what CONFIG GET shows of the flags: none that is secret.
func (c *config) settings() map[string]string {
	return map[string]string{
		"aclfile":                  c.Aclfile,
		"max-block":                c.MaxBlock.String(),
		"max-hold":                 c.MaxHold.String(),
		"max-holds":                fmt.Sprint(c.MaxHolds),
		"max-waiters":              fmt.Sprint(c.MaxWaiters),
		"max-waiters-per-resource": fmt.Sprint(c.MaxWaitersPerResource),
		"retry-count":              fmt.Sprint(c.RetryCount),
		"retry-delay":              c.RetryDelay.String(),
		"retry-jitter":             c.RetryJitter.String(),
		"drift-factor":             fmt.Sprint(c.DriftFactor),
		"drain-timeout":            c.DrainTimeout.String(),
		"idle-timeout":             c.IdleTimeout.String(),
		"key-prefix":               c.KeyPrefix,
		"max-ttl":                  c.MaxTTL.String(),
		"first-start":              c.FirstStart,
		"node-timeout":             c.NodeTimeout.String(),
		"timeout":                  fmt.Sprint(int(c.IdleTimeout.Seconds())),
		"tls-ca":                   c.TLSCA,
		"tls-cert":                 c.TLSCert,
	}
}

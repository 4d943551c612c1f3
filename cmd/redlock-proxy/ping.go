package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ping is the subcommand that asks a proxy on this machine whether it is there,
// for what looks after containers. It reads the proxy's own flags.
type ping struct {
	Listen  []string `help:"Where clients connect: host:port or unix:///path (repeatable)." default:"127.0.0.1:7379" sep:" " placeholder:"ADDR"`
	TLSCert string   `help:"PEM certificate chain. With it and its key the host:port listeners speak TLS only; read again at SIGHUP." name:"tls-cert" placeholder:"FILE"`
}

// pingMost is how long the proxy may take to answer.
const pingMost = 3 * time.Second

// Run asks the first address. Any answer is a proxy that lives: NOAUTH too.
func (p *ping) Run(env *environment) error {
	ctx, cancel := context.WithTimeout(env.ctx, pingMost)
	defer cancel()
	if len(p.Listen) == 0 {
		return usageError("--listen: name where the proxy listens")
	}
	answer, err := p.ask(ctx, p.Listen[0])
	if err != nil {
		return fmt.Errorf("--listen=%s: no answer: %w", p.Listen[0], err)
	}
	_, err = fmt.Fprintln(env.stdout, answer)
	return err
}

func (p *ping) ask(ctx context.Context, address string) (string, error) {
	network, address := dialable(address)
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	if p.TLSCert != "" && network == "tcp" {
		// Nothing secret is sent, and the certificate is for other names.
		c = tls.Client(c, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true})
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "remote error" { // an alert of TLS
		return "it asks for a certificate", nil
	}
	return strings.TrimLeft(strings.TrimSpace(line), "+-"), err
}

// dialable makes of an address to listen on one to connect to.
func dialable(listen string) (network, address string) {
	if path, isUnix := strings.CutPrefix(listen, "unix://"); isUnix {
		return "unix", path
	}
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip.IsUnspecified()) {
		return "tcp", net.JoinHostPort("localhost", port)
	}
	return "tcp", listen
}

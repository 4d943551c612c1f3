package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// TLSFiles names PEM files.
type TLSFiles struct {
	Cert, Key string
	// ClientCA: only clients with a certificate from one of these may connect.
	// Empty: any client.
	ClientCA string
}

// TLS is what a listener needs for it. The files can be read again while
// connections are open; those stay as they are.
type TLS struct {
	files  TLSFiles
	now    atomic.Pointer[tls.Config]
	server *tls.Config // hands out now
}

// NewTLS reads the files.
func NewTLS(files TLSFiles) (*TLS, error) {
	t := &TLS{files: files}
	t.server = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.now.Load(), nil },
	}
	return t, t.Reload()
}

// Reload reads the files again, for connections that begin from now on. With an
// error all stays as it was.
func (t *TLS) Reload() error {
	pair, err := tls.LoadX509KeyPair(t.files.Cert, t.files.Key)
	if err != nil {
		return err
	}
	next := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if t.files.ClientCA != "" {
		if next.ClientCAs, err = readCA(t.files.ClientCA); err != nil {
			return err
		}
		next.ClientAuth = tls.RequireAndVerifyClientCert
	}
	t.now.Store(next)
	return nil
}

func readCA(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", file)
	}
	return pool, nil
}

// hasty bounds each write: TLS also writes by itself, in answer to what it
// reads, and a client that does not take it would hold the reader up for ever.
type hasty struct{ net.Conn }

func (h hasty) Write(b []byte) (int, error) {
	_ = h.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	return h.Conn.Write(b)
}

// shakeHands does it with a client of a TLS listener, in the time it has. The
// connection has a goroutine of its own by now, so that a client that says
// nothing holds up nobody else.
func (c *connection) shakeHands() error {
	secure, ok := c.socket.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(c.ctx, handshakeTimeout, errors.New("it took too long"))
	defer cancel()
	return secure.HandshakeContext(ctx)
}

package proxy_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
	"redlock-proxy/proxy"
)

// startTLS runs a proxy that speaks TLS with a certificate of a, and asks for
// the clients' if mutual.
func startTLS(t *testing.T, a *redistest.Authority, mutual bool, s setup) *front {
	t.Helper()
	files := proxy.TLSFiles{}
	files.Cert, files.Key = a.Issue(t, "proxy")
	if mutual {
		files.ClientCA = a.File
	}
	var err error
	if s.secure, err = proxy.NewTLS(files); err != nil {
		t.Fatal(err)
	}
	return start(t, s)
}

// dialTLS connects and shakes hands.
func (f *front) dialTLS(config *tls.Config) *client {
	f.t.Helper()
	raw, err := net.DialTimeout("tcp", f.addr.String(), patience)
	if err != nil {
		f.t.Fatal(err)
	}
	c := newClient(f.t, tls.Client(raw, config))
	if err := c.conn.(*tls.Conn).HandshakeContext(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return c
}

func trusting(a *redistest.Authority) *tls.Config {
	return &tls.Config{RootCAs: a.Pool(), ServerName: "localhost"}
}

func TestClientsWithTLSAreServed(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	f := startTLS(t, a, false, setup{})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := trusting(a)
		config.MinVersion, config.MaxVersion = version, version
		c := f.dialTLS(config)
		c.send(command("LOCK", "a", "60000", "TOKEN", "tok-a") + command("UNLOCK", "a", "tok-a"))
		c.wantGrant("tok-a", 60000)
		c.want(":1\r\n")
		c.close()
	}
	rdb := redis.NewClient(&redis.Options{Addr: f.addr.String(), TLSConfig: trusting(a), MaxRetries: -1})
	defer func() { _ = rdb.Close() }()
	if got, err := rdb.Do(t.Context(), "LOCK", "b", 60000, "TOKEN", "tok-b").Slice(); err != nil || got[0] != "tok-b" {
		t.Errorf("go-redis: got %v, %v", got, err)
	}
	if n, err := rdb.Do(t.Context(), "UNLOCK", "b", "tok-b").Int(); err != nil || n != 1 {
		t.Errorf("go-redis: got %v, %v", n, err)
	}
	_ = rdb.Close()
	f.wantClients(0)
	f.wantNoKeys()
}

func TestRedisCLIOverTLSWithAClientCertificate(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	f := startTLS(t, a, true, setup{})
	cert, key := a.Issue(t, "client")
	cli := func(args ...string) string {
		host, port, _ := net.SplitHostPort(f.addr.String())
		out, err := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-h", host, "-p", port}, args...)...).CombinedOutput()
		if err != nil && out == nil {
			t.Fatalf("redis-cli: %v; if it is missing, run: sh test.sh", err)
		}
		return string(bytes.TrimSpace(out))
	}
	if got := cli("--tls", "--cacert", a.File, "--cert", cert, "--key", key, "LOCK", "a", "60000", "TOKEN", "tok-a"); !strings.HasPrefix(got, "tok-a\n") {
		t.Errorf("with a certificate: %q", got)
	}
	stranger, strangerKey := redistest.NewAuthority(t).Issue(t, "stranger")
	for name, args := range map[string][]string{
		"without a certificate":       {"--tls", "--cacert", a.File},
		"with one of somebody else's": {"--tls", "--cacert", a.File, "--cert", stranger, "--key", strangerKey},
		"without TLS":                 {},
	} {
		if got := cli(append(args, "UNLOCK", "a", "tok-a")...); got == "1" {
			t.Errorf("%s a client is served", name)
		}
	}
	if got := cli("--tls", "--cacert", a.File, "--cert", cert, "--key", key, "UNLOCK", "a", "tok-a"); got != "1" {
		t.Errorf("a stranger disturbed the lock: %q", got)
	}
	f.wantClients(0)
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	f := startTLS(t, a, false, setup{})
	raw, err := net.DialTimeout("tcp", f.addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	config := trusting(a)
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if err := tls.Client(raw, config).HandshakeContext(t.Context()); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	f.wantClients(0)
}

// Those who connect and say nothing, or the beginning of a greeting, or what is
// no TLS at all.
func TestMuteTLSClientsHoldUpNobody(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	f := startTLS(t, a, false, setup{maxClients: 100})
	const mutes = 50
	var all []net.Conn
	for i := range mutes {
		raw, err := net.DialTimeout("tcp", f.addr.String(), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = raw.Close() }()
		if i%2 == 1 {
			_, _ = raw.Write([]byte("\x16\x03\x01\x02\x00\x01"))
		}
		all = append(all, raw)
	}
	f.wantClients(mutes)
	c := f.dialTLS(trusting(a))
	c.wantAlive()
	plain := dial(t, "tcp", f.addr.String())
	plain.send("PING\r\n")
	plain.conn.SetReadDeadline(time.Now().Add(patience))
	if b, err := plain.in.ReadString('\n'); err == nil && strings.Contains(b, "PONG") {
		t.Errorf("a client without TLS got %q", b)
	}
	plain.close()
	for _, raw := range all { // who has not logged in is cut in the end
		_ = raw.SetReadDeadline(time.Now().Add(2 * patience))
		if _, err := raw.Read(make([]byte, 1)); os.IsTimeout(err) {
			t.Fatal("a mute client is kept")
		}
	}
	c.wantAlive()
	f.wantClients(1)
}

// A client that closes in the middle of a handshake, of a command or with
// replies unread, and one that hangs up while its LOCK is at the nodes.
func TestHangingUpOverTLS(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	f := startTLS(t, a, false, setup{})
	reached := f.holdUp("a")
	c := f.dialTLS(trusting(a))
	c.send(command("LOCK", "a", "60000", "TOKEN", "tok-a"))
	reached()
	c.close()
	f.letGo("a")
	f.wantClients(0)
	d := f.dialTLS(trusting(a))
	d.send("PING\r\n*2\r\n$4\r\nEC")
	d.close()
	f.wantClients(0)
	f.wantNoKeys()
}

func TestCertificatesAreReplacedWhileClientsStay(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	files := proxy.TLSFiles{}
	files.Cert, files.Key = a.Issue(t, "proxy")
	secure, err := proxy.NewTLS(files)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, setup{secure: secure})
	serving := func() string {
		c := f.dialTLS(trusting(a))
		defer c.close()
		return c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	old := f.dialTLS(trusting(a))
	old.wantAlive()
	first := serving()

	if err := os.WriteFile(files.Cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := secure.Reload(); err == nil {
		t.Error("nonsense was taken for a certificate")
	}
	if got := serving(); got != first {
		t.Error("a reload that failed changed the certificate")
	}
	a.Issue(t, "proxy")
	if err := secure.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := serving(); got == first {
		t.Error("the new certificate is not served")
	}
	old.wantAlive()
}

// A client that has been quiet for longer than a write may take gets its answer
// all the same, also one that TLS gives by itself.
func TestEveryTLSWriteHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	a := redistest.NewAuthority(t)
	l := &deadlines{}
	f := startTLS(t, a, false, setup{wrap: func(inner net.Listener) net.Listener { l.Listener = inner; return l }})
	c := f.dialTLS(trusting(a))
	for range 3 {
		c.wantAlive()
	}
	if writes, set := l.writes.Load(), l.set.Load(); set < writes || writes < 4 {
		t.Errorf("%d writes, and a deadline was set %d times", writes, set)
	}
}

// deadlines counts what a listener's connections are asked to do.
type deadlines struct {
	net.Listener
	writes, set atomic.Int32
}

type deadlinesConn struct {
	net.Conn
	of *deadlines
}

func (l *deadlines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return deadlinesConn{c, l}, err
}

func (c deadlinesConn) Write(b []byte) (int, error) {
	c.of.writes.Add(1)
	return c.Conn.Write(b)
}

func (c deadlinesConn) SetWriteDeadline(t time.Time) error {
	c.of.set.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

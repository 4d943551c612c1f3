package proxy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// keepAlive finds a host that has vanished within some 15 s, so that its
// connections do not stay.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 6 * time.Second, Interval: 3 * time.Second, Count: 3}
}

// Listen opens host:port, or unix:///path with the permissions mode. A socket
// file that nobody listens on any more is replaced.
func Listen(ctx context.Context, address string, mode fs.FileMode) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keepAlive(), Control: userTimeout}
	path, isUnix := strings.CutPrefix(address, "unix://")
	if !isUnix {
		return config.Listen(ctx, "tcp", address)
	}
	if path == "" {
		return nil, fmt.Errorf("no path in %q", address)
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	var plain net.ListenConfig
	l, err := plain.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// removeStale removes what a killed proxy left behind, and nothing else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // nothing there; anything worse shows when it is opened
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	dialer := net.Dialer{Timeout: time.Second}
	c, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) { // only that tells that nobody listens
		return fmt.Errorf("%s is in use by another process", path)
	}
	return os.Remove(path)
}

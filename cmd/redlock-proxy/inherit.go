package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"redlock-proxy/proxy"
)

// inherit takes the sockets that systemd opened for this process (LISTEN_FDS),
// if it did. They take the place of --listen, and the rules of protected mode
// are those for their addresses.
func (s *serve) inherit() ([]net.Listener, error) {
	var all []net.Listener
	for _, file := range activation.Files(true) {
		name := file.Name()
		l, err := proxy.Inherit(file)
		if err != nil {
			return nil, usageError(fmt.Sprintf("socket %s of systemd: %v; it must be of ListenStream=", name, err))
		}
		all = append(all, l)
	}
	if len(all) > 0 {
		s.Listen = nil
	}
	for _, l := range all {
		s.Listen = append(s.Listen, asFlag(l.Addr()))
	}
	return all, nil
}

// asFlag writes an address as --listen would have it.
func asFlag(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:///" + strings.TrimPrefix(a.String(), "/")
	}
	return a.String()
}

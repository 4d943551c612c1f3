package proxy_test

import (
	"testing"

	"redlock-proxy/commands"
)

func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	f := start(t, setup{maxClients: 1})
	c := f.dial()
	c.send("PING\r\n")
	c.want("+PONG\r\n")
	over := f.dial()
	over.want("-ERR max number of clients reached\r\n")
	want := commands.Traffic{Received: 1, Rejected: 1, InputBytes: 6, OutputBytes: 7}
	// The client may have its answer before the proxy has counted it.
	eventually(t, "the count of what went through", func() bool { return f.server.Traffic() == want })
}

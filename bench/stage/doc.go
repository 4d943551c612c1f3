// Package stage is what the load programs measure on: redis-servers on loopback,
// five unless asked otherwise, and proxies in front of them, each a process of
// its own, and the two ways to connect to a proxy.
//
//	s, err := stage.Open(ctx, stage.Options{Proxies: 2})
//	defer s.Close()
//	c, err := stage.Dial(ctx, s.Proxies[0].Address)
//
// It must be run from within this module, whose place it asks the go command
// for. What it leaves out: networks but for a delay, embedded nodes.
package stage

// Package callers is one peer at work: so many callers that lock and unlock,
// each a resource of its own, in a process of their own. So what a peer costs
// its user in processor time and memory is what the system says of that process.
//
// The load program starts itself again for the peers in Go, and node for those
// in JavaScript; both read an Order and write the same few lines:
//
//	p, err := callers.Start(ctx, callers.Order{Peer: "redsync", ...})
//	...                          // all connections are open
//	result, err := p.Turn(measuring, over)
//
// What it leaves out: contended locks (see contend), and judging the figures.
package callers

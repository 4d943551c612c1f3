// Package redistest gives tests and benchmarks real redis-server processes and
// a wire that breaks on demand, because what a lock must survive (a reply that
// is lost, a request that arrives late, a node that stands still) is exactly
// what a fake would have to imagine.
//
//	s := redistest.Start(t, 1)[0]
//	w := redistest.StartWire(t, s.Addr())
//	w.LoseReplies(true)
//	// A SET through w.Addr() now fails for the client, and is executed.
//	keys, err := s.Keys(t.Context())
//
// A plain program, which has no testing.TB, uses Launch and NewWire and closes
// what they return.
//
// A client's first command on a connection is its handshake (HELLO). A fault
// that is on from the start therefore hits the handshake, and the command one
// meant to break is never sent: send a PING first, then switch the fault on.
//
// Left out: Redis Cluster, Sentinel and servers with a password; faults
// within a reply (the wire knows bytes, not commands); bandwidth limits; systems
// that are not Unix.
package redistest

// Overload measures what is left of the proxy's work when it is offered more
// than it can do.
//
//	go run ./overload -rates 1,3 -time 10s
//
// First it finds the peak: connections that each keep some pairs of LOCK and
// UNLOCK under way, and send the next when one is done. Then it offers LOCKs at
// multiples of that rate, whatever becomes of them, and an UNLOCK for each that
// is granted. A useful pair is a LOCK that was granted and an UNLOCK that said 1.
// At the end no node may have a key left.
//
// What it leaves out: that the load comes from the same machine. What the load
// itself costs is missing to the proxy, more of it the more is offered.
package main

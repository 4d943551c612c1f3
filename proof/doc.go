// Package proof shows on real processes that the lock is safe: redis-servers,
// proxies and clients that are killed, stopped, cut off and suspended while it
// is in use. Its tests are all there is to it. It is a module of its own, so that
// porcupine, which judges histories, is no dependency of the product.
//
//	go test -race .                      what CI runs
//	go test -race . -run TestHistories -proof.run=1h
//	go test -race . -run TestHistories -proof.seed=42
//
// -proof.run is how long each random test goes on, 30 s in CI, so that the two
// counters are at it for a minute: round after round, each in a new world with a
// seed of its own, which it prints. -proof.seed plays the round of one seed: the
// same choices of faults and of what clients do, though not the same scheduling of
// processes and threads, so a rare violation may take a few rounds to come back.
// -proof.dir is where the history of a violation goes: all
// operations as text, and a page that shows how far an order of them was found.
//
// # Histories
//
// TestHistories lets clients take, extend and release locks in every way there
// is, through several proxies, and notes what each was told and when, by the
// clock of the one process that they are in. Package history judges it.
// Meanwhile nodes stand still, die and are restarted empty, wires between proxies
// and nodes lose, hold and delay, proxies stand still and die, and so do clients.
//
// FLUSHALL has a run of its own, as it is not noticed before the next periodic
// look at a node: until then one more holder is excused, who is not in the other
// runs. Such an excuse is for one take-over by one who asked before the node was
// found out; fences are never excused.
//
// # The counter
//
// Processes in two languages add to a counter under a lock: they read it, work a
// little, and write what they read plus one. An update that is lost is a number
// that was written twice.
//
// In a plain file nothing but the lock is between two of them. What each may do
// rests on time, so the writer looks at its own clock. A look before the write
// would not do: a process can be stopped between the two for as long as the
// machine likes, and then its late write is its own fault and not the lock's. So
// look, write and look again are one step, made under the file's flock: what the
// second look finds to be late is cut off again before anybody else can read it.
// The flock is not held between reading and writing, and so hides nothing: two
// holders at once read the same number. (Clients are killed while they run, not
// while they stand still: the dead cut off nothing.)
//
// Behind a fence no client looks at a clock, and all are stopped for as long as
// it likes; the store refuses a fence that is lower than the greatest that it has
// seen, in reading as in writing.
//
// # Scenes and controls
//
// The other tests are one course of events each. Those of broken_test.go and
// power_test.go play against a proxy that was built to break one rule (-tags
// broken, REDLOCK_BREAK), and fail when nobody notices: what can not fail shows
// nothing. What a broken clock does to drift and fences is left to the simulation
// in package redlock, which has clocks of its own.
package proof

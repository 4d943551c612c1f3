// Package redlock takes locks on a majority of independent Redis masters.
//
// It is the Redlock algorithm of the Redis documentation
// (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/),
// built to serve many callers at once from one process:
//
//	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes})
//	grant, err := quorum.Lock(ctx, redlock.Request{Resource: "jobs:42", TTL: 10 * time.Second})
//	defer quorum.Unlock(ctx, redlock.Request{Resource: "jobs:42", Token: grant.Token})
//
// The words: a caller locks a resource for a ttl and is given a token, which
// is all that is needed to extend or unlock, and a validity, which is how much
// of the ttl it may rely on. A node is one Redis master. A lane is one ordered
// connection to a node. Nodes acquire, extend and release; the quorum locks,
// extends and unlocks.
//
// Where to read: lock.go, extend.go and unlock.go say what a majority means
// for each verb; ballot.go counts; queue.go and line.go keep one attempt at a
// time per resource; place.go is who waits, wake.go when they have a reason to
// ask, ears.go how they hear of other processes; lane.go sends, and owes what could
// not be sent, air.go lets several batches be under way to a node that is far,
// gather.go makes one call of many releases; wire.go is the connection, which
// go-redis makes; scripts.go is all that a node is asked to run. guard.go and
// guard_memory.go keep nodes that may have forgotten locks from voting, fence.go
// makes the numbers that grow; survey.go, list.go and force.go are for those who
// look after the locks of others.
//
// What it leaves out: proof. A holder that is paused beyond its validity is not
// stopped from acting; let the resource check the fence. GUARANTEES.md says what
// is guaranteed, and under which assumptions.
package redlock

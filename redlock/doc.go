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
// ask, ears.go how they hear of other processes; lane.go sends, and owes what could not be sent; scripts.go is all
// that a node is asked to run; survey.go, list.go and force.go are for those who
// look after the locks of others.
//
// What it leaves out: fencing numbers, and any care
// for nodes that forget their keys (a restart without persistence, FLUSHALL):
// give such a node no traffic for the longest ttl before it votes again.
// It does not make a lock into proof: a holder that is paused beyond its
// validity is not stopped from acting.
package redlock

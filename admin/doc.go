// Package admin is what operators and their tools see of a proxy over HTTP:
//
//	/metrics   for Prometheus, the names of which are in quorum.go, node.go and
//	           clients.go
//	/healthz   200 as long as the process lives
//	/readyz    200 when locks can be taken here, else 503 and why not
//
// It reads snapshots (redlock.Quorum.Stats, commands.Table.Stats) and changes
// nothing. No token, no password and no value of a lock is in what it shows, and
// no label of a metric is a resource or comes from a client.
//
// access.go says who may look, server.go bounds what looking costs.
package admin

// Package admin is what operators and their tools see of a proxy over HTTP:
//
//	/          a page for people, kept up to date by /events: page/ is what the
//	           browser gets, sampler.go looks for all who look, view.go and
//	           view_node.go put it into words
//	/metrics   for Prometheus, the names of which are in quorum.go, node.go and
//	           clients.go
//	/healthz   200 as long as the process lives
//	/readyz    200 when locks can be taken here, else 503 and why not
//
// It reads snapshots (redlock.Quorum.Stats, commands.Table.Stats) and changes
// nothing. No token, no password and no value of a lock is in what it shows, and
// no label of a metric is a resource or comes from a client. The page does show
// some resources: the most wanted and the longest held.
//
// access.go says who may look, server.go bounds what looking costs.
package admin

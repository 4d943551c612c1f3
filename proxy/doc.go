// Package proxy is the front: sockets, RESP in and RESP out.
//
// Each connection has one goroutine that reads. What it reads passes the guard
// (framing.go), which lets only whole commands of bounded size through to
// redcon's parser, and is started at once (package commands); a queue of reply
// slots keeps the order, and a writer that lives only while there is something
// to write sends what is ready at the front. So the socket is always being
// read: a client that hangs up is noticed while its commands are under way,
// and a pipeline runs concurrently.
//
// Why not redcon's own server loop: it allocates 12 KiB for each idle
// connection, writes only after a whole pipeline, has no write deadline, and
// knows no order of replies that come later. Its parser and its RESP2
// encoders are used.
//
// What it leaves out: what commands mean (package commands), and the nodes
// (package redlock).
package proxy

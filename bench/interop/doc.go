// Package interop tests that locks of package redlock exclude, and are excluded
// by, those of other Redlock libraries on the same nodes: of redsync, and of
// node-redlock in its two versions. All nodes are real redis-servers.
//
//	npm install && go test -race .
//
// The package has nothing but tests. It leaves out what the libraries do when
// nodes fail, which is their own affair, and libraries that keep other keys or
// types than the plain string they all agree on.
package interop

// Package commands is the vocabulary of the proxy: a table with a row for each
// command, and one file for each that says what it does.
//
// A command reads its arguments, asks the quorum or looks at its session, and
// replies once, now or later, with a value. It never sees a socket, a protocol
// version or a node: package proxy encodes the values, package redlock asks
// the nodes. The gate (gate.go) has checked everything that is alike for all
// before a command runs: that it exists, its number of arguments, who may call
// it and whether the proxy is leaving.
//
// To add a command: one file with its function, one row in rows.go.
package commands

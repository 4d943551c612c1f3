// Bench measures how many locks a second the proxy serves, beside its own
// library and beside redsync, on the same five real nodes and in the same run.
//
//	go run . -callers 1,200 -time 5s -rounds 3
//
// The peers take turns, round after round, so that whatever else the machine
// does hits all of them alike. README.md has the figures and says what they do
// not show.
//
// What it leaves out: contended locks and waiting, which contend measures (every
// caller has a resource of its own), and networks (all is on loopback).
package main

// Bench measures how many locks a second the proxy serves and what they cost,
// beside its own library and other lock libraries, on the same real nodes and in
// the same run.
//
//	go run .            # all, half an hour
//	go run . -short     # a quick look, two minutes
//	go run . -goals     # the ratios that are to be kept
//
// The peers take turns, round after round, so that whatever else the machine
// does hits all of them alike. README.md has the figures and says what they do
// not show.
//
// What it leaves out: contended locks and waiting, which contend measures (every
// caller has a resource of its own), and more LOCKs than can be served, which
// overload measures.
package main

// Command soak puts full load on a proxy for long and looks at what it keeps:
//
//	cd bench && go run ./soak -time 10m
//
// One half of the time the callers have a connection each, one half they share
// one. Every so often it notes how many pairs were done, the proxy's resident
// memory, heap and goroutines. The run fails when a pair failed, or when the
// proxy keeps more at its end than it did after the first fifth of a half: that
// is what grows with time, and not with load.
// What it leaves out: what a moment costs, which is the load program's.
package main

// Contend measures a lock that many want at once: how many get it in a second,
// how long they wait for it and how fairly it goes round, through the proxy and
// beside five other lock libraries, in the same run.
//
//	go run ./contend -contenders 16,256 -hold 2ms -time 5s -rounds 3
//	go run ./contend -hold 0 -peers proxy    what a hand-over costs the nodes
//	go run ./contend -proxies 2              waiters at two proxies
//
// Every contender asks, waits, holds the lock for a moment, releases it, and
// asks again. The peers take turns, round after round. When two contenders ever
// hold the lock at the same time, the run ends with an error and without
// figures. ../README.md has the figures and says what they do not show.
//
// What it leaves out: networks (all is on loopback), nodes that fail, locks
// that lapse and waits that are given up.
package main

// Package clients is the matrix: every Redis client that can be had, in its
// own language and with its default options, against the real proxy.
//
// The scenario is written once, in Go, and is the same for all. A client takes
// part through a driver: a small program in its language, in drivers/, that
// does what it is told with the client and prints what came back. So what is
// expected of clients stands in one place, and a driver has no opinions.
//
// # What a driver does
//
// It is started with the proxy's host and port as its two last arguments,
// makes one client (or pool) with the library's default options, connects, and
// prints one line of words separated by tabs:
//
//	ready  language  client  version  null
//
// where version is what the library says of itself, and null is what its user
// sees for a null reply, as it is written in that language (nil, None, false).
// Then it reads requests, one a line, and answers each with one line:
//
//	call W W W            run one command
//	pipeline W W ; W W    run all, sent together without waiting in between
//	callers N W W W       run the same command from N callers at once
//
// W is a word of the command in hex, a dash when it is empty. callers is done
// in the way that is usual in the language: threads, coroutines or promises on
// the shared client or pool; where there is none of it, with one client object
// or one process for each caller. Its answer, like that of pipeline, is an
// array of the replies. Replies are written:
//
//	n            null, whatever it is in that language
//	i42          an integer; s where the language makes a string of it
//	s0a0b        a string, in hex
//	e4552        an error reply, its message in hex, as the user sees it
//	x4552        the client failed without a reply (connection lost, time-out)
//	a(r r r)     an array, replies separated by one space; a() when empty
//	m(k v k v)   a map
//
// A driver ends when its input ends. A client that does not reconnect by
// itself is reconnected by its driver, after it has answered x, in the way the
// client's documentation says.
//
// # Running it
//
// sh test.sh in the folder above installs what the clients need. Then
//
//	go test -count=1 .                             all clients
//	go test -count=1 . -run 'TestMatrix/ioredis'   those whose name has it
//	go test . -update                              and write the table in README
//
// -count=1, as Go does not see that the proxy, the drivers or README changed and
// would repeat its last answer. A run of all clients fails when the table in
// README.md says something else; versions that come with a Debian release do not
// count there.
package clients

package proxy

import "time"

// Limits of one command. Locks are small: the longest sensible command is a
// resource and a token of their limits with a few words.
func commandLimits() framingLimits {
	return framingLimits{args: 256, bulk: 16 << 10, command: 64 << 10, inline: 16 << 10}
}

// anonymousLimits are Redis' own for clients that have not logged in.
func anonymousLimits() framingLimits {
	return framingLimits{args: 10, bulk: 16 << 10, command: 32 << 10, inline: 16 << 10, unauthenticated: true}
}

const (
	// maxUnsent is how many bytes of commands under way and of replies a
	// connection may have that the client has not taken. Beyond it nothing more
	// is read from it.
	maxUnsent = 384 << 10
	// slotCost is what each counts besides its bytes, and so how many are under
	// way at most: some 700, more than make a batch larger. A lock command keeps
	// a kilobyte or two while it is.
	slotCost = 512
	// answeredCost is what a slot with a reply counts besides that. So little that
	// a thousand refusals behind a LOCK that waits do not stop the reading: the
	// UNLOCK that ends the wait may come after them.
	answeredCost = 64
	// hangUpTick is how often a connection that is not read is looked at.
	hangUpTick = 50 * time.Millisecond
	// maxWrite is how much is gathered for one write to a client.
	maxWrite = 64 << 10
	// smallWrite is enough for the replies to a few commands; a buffer grows
	// with what it is used for.
	smallWrite = 512
	// smallRead is what an idle connection keeps for reading; a pipeline gets
	// largeRead while it lasts.
	smallRead = 512
	largeRead = 16 << 10
	// writeTimeout ends a connection whose client does not read.
	writeTimeout = 10 * time.Second
	// handshakeTimeout ends a connection whose client begins TLS and does not go
	// on: three lost packets of a distant client, but not for ever.
	handshakeTimeout = 10 * time.Second
)

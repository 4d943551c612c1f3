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
	// maxUnsent is how many bytes of replies a connection may have started and
	// not taken. Beyond it nothing more is read from it.
	maxUnsent = 128 << 10
	// slotCost is what a reply counts before it is known: more than that of any
	// lock command.
	slotCost = 128
	// maxWrite is how much is gathered for one write to a client.
	maxWrite = 64 << 10
	// smallRead is what an idle connection keeps for reading; a pipeline gets
	// largeRead while it lasts.
	smallRead = 512
	largeRead = 16 << 10
	// writeTimeout ends a connection whose client does not read.
	writeTimeout = 10 * time.Second
)

package proxy

import "sync/atomic"

// A connection takes no more commands while it has maxUnsent bytes of replies,
// but one reply can be larger than that, and many clients can ask for one and
// not read it. So those share a room.
const (
	// largeReply is what counts: INFO, COMMAND and lists of more than some
	// clients, and no answer to a lock command.
	largeReply = 16 << 10
	// maxLarge is the room of all connections. A list of 10 000 clients with
	// names has 4 MiB.
	maxLarge = 64 << 20
)

// largeRoom counts the bytes of large replies that have not been sent.
type largeRoom struct{ used atomic.Int64 }

// take makes room for a reply in a slot, or reports that there is none.
func (r *largeRoom) take(s *slot, size int) bool {
	if size < largeReply {
		return true
	}
	if r.used.Add(int64(size)) > maxLarge {
		r.used.Add(int64(-size))
		return false
	}
	s.large = size
	return true
}

func (r *largeRoom) giveBack(size int) { r.used.Add(int64(-size)) }

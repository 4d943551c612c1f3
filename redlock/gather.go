package redlock

import (
	"hash/maphash"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// gathering puts the releases of a batch into one call of a script, in front of
// the rest: to find the script, to make its arguments and to reply cost a node
// more than the release itself. Past requests for other keys a release may go;
// one whose key stands earlier in the batch keeps its place, as it may be the
// undo of what stands there.
type gathering struct {
	seed    maphash.Seed
	earlier [16]uint64 // a bit for each key that stands earlier, by its hash: what looks alike keeps its place
	moved   []bool     // by the request
	count   int
}

// fewReleases is from how many on it pays: one call for two costs as much as both.
const fewReleases = 3

// choose tells which of the requests are moved into the call. skip are those that
// are not sent.
func (g *gathering) choose(requests []*request, skip func(*request) bool) {
	g.moved, g.count = g.moved[:0], 0
	if !worthGathering(requests) {
		return
	}
	if g.seed == (maphash.Seed{}) {
		g.seed = maphash.MakeSeed()
	}
	clear(g.earlier[:])
	for _, r := range requests {
		bit := maphash.String(g.seed, r.key) % uint64(len(g.earlier)*64)
		moves := r.op == release && r.kind == byToken && g.earlier[bit/64]>>(bit%64)&1 == 0
		if !moves && !skip(r) {
			g.earlier[bit/64] |= 1 << (bit % 64)
		}
		g.moved = append(g.moved, moves)
		if moves {
			g.count++
		}
	}
	if g.count < fewReleases {
		g.moved, g.count = g.moved[:0], 0
	}
}

func worthGathering(requests []*request) bool {
	n := 0
	for _, r := range requests {
		if r.op == release && r.kind == byToken {
			n++
		}
	}
	return n >= fewReleases
}

// moves tells whether the request with that number is in the call.
func (g *gathering) moves(i int) bool { return g.count > 0 && g.moved[i] }

// command appends the call.
func (g *gathering) command(b []byte, s *scripts, requests []*request) []byte {
	b = appendArray(b, 3+4*g.count)
	b = appendWords(b, "evalsha", s.releases.sha, strconv.Itoa(g.count))
	for i, r := range requests {
		if g.moved[i] {
			b = appendWords(b, r.key)
		}
	}
	for i, r := range requests {
		if g.moved[i] {
			b = appendWords(b, r.token, r.tell.channel, r.tell.sender)
		}
	}
	return b
}

// answerTo is what the call says for the release with that number in it.
func (g *gathering) answerTo(c *call, n int) call {
	if c.err != nil {
		return call{err: c.err}
	}
	list, _ := c.value.([]any)
	if len(list) != g.count {
		return call{err: errReply}
	}
	switch v := list[n].(type) {
	case nil:
		return call{err: redis.Nil}
	case error:
		return call{err: v}
	default:
		return call{value: v}
	}
}

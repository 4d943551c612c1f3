package commands

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// guessBurst wrong passwords may come from one address at once: a service
	// that is started with an old password, on some hosts.
	guessBurst = 30
	// guessPerSecond is how many more each second.
	guessPerSecond = 10
	// guessAddresses bounds the memory. The longest quiet of a few makes room:
	// to look at all would be work that a guesser with a large network can ask
	// for.
	guessAddresses = 4096
	guessSample    = 16
)

// guesses limits how many wrong passwords are looked at for each address, so
// that many connections, or hanging up early, guess no faster than one. A right
// password is delayed by nothing as long as the address is within the limit.
type guesses struct {
	mu     sync.Mutex
	wrongs map[string]bucket
}

// bucket is what an address may still get wrong.
type bucket struct {
	left float64
	at   time.Time
}

func (b bucket) now(t time.Time) bucket {
	left := b.left + guessPerSecond*t.Sub(b.at).Seconds()
	return bucket{min(left, guessBurst), t}
}

// MayGuess lets an address have one password looked at that is given elsewhere
// than in AUTH, or not. GuessedRight is to be told when it was right.
func (t *Table) MayGuess(addr string) bool { return t.guesses.take(addr, time.Now()) }

// GuessedRight takes back that a password counted as wrong.
func (t *Table) GuessedRight(addr string) { t.guesses.right(addr) }

// take lets an address have one password looked at, or not. It counts as wrong
// until right gives it back.
func (g *guesses) take(addr string, now time.Time) bool {
	key := source(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	b, known := g.wrongs[key]
	if !known {
		g.makeRoom()
		b = bucket{guessBurst, now}
	}
	b = b.now(now)
	if b.left < 1 {
		return false
	}
	b.left--
	g.wrongs[key] = b
	return true
}

// right takes back the count of a password that was right.
func (g *guesses) right(addr string) {
	key := source(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	b, known := g.wrongs[key]
	if !known {
		return
	}
	if b.left++; b.left >= guessBurst {
		delete(g.wrongs, key)
		return
	}
	g.wrongs[key] = b
}

func (g *guesses) makeRoom() {
	if g.wrongs == nil {
		g.wrongs = map[string]bucket{}
	}
	if len(g.wrongs) < guessAddresses {
		return
	}
	var oldest string
	looked := 0
	for key, b := range g.wrongs { // in no order: a sample
		if oldest == "" || b.at.Before(g.wrongs[oldest].at) {
			oldest = key
		}
		if looked++; looked == guessSample {
			break
		}
	}
	delete(g.wrongs, oldest)
}

// source is whom an address counts for: without its port, and an IPv6 network
// of 64 bits as one, as a single host has all of it. This machine is one, and
// so are all who come by a unix socket.
func source(addr string) string {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return "unix"
	}
	ip := a.Addr().Unmap().WithZone("")
	if ip.IsLoopback() {
		return "loopback" // this machine has millions of them
	}
	if ip.Is6() {
		network, _ := ip.Prefix(64)
		return network.String()
	}
	return ip.String()
}

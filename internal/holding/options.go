package holding

import "time"

// Options say what to lock and through whom.
type Options struct {
	// Proxies are asked in this order, each when the one before it fails.
	Proxies  []Proxy
	Resource string
	// TTL is how long the lock outlives a holder that dies.
	TTL time.Duration
	// Reserve is how much of a ttl the holder needs at the end to stop: it is
	// extended so early that several attempts fail before that begins. Less than
	// TTL.
	Reserve time.Duration
	// Wait is how long to wait for another to release the lock, and for a proxy
	// that can tell; nil is without end, and 0 asks every proxy at most once.
	Wait *time.Duration
	// Tell is called with what keeps the lock from being asked for or extended
	// when no proxy does it, once until one does. From one goroutine at a time.
	Tell func(error)
}

// askPatience is how long a proxy may take to answer LOCK, besides the waiting.
// A wrong password is told after two seconds: a proxy holds such answers back
// for one, and go-redis tries twice.
const askPatience = 3 * time.Second

// patience is the same for EXTEND and UNLOCK: eight times what the proxy gives a
// node by default. With a short ttl, an answer that late is of no use.
func (o *Options) patience() time.Duration {
	return min(2*time.Second, (o.TTL-o.Reserve)/4)
}

// period is the time between two extensions. The third part leaves room for an
// attempt or two at each of several proxies.
func (o *Options) period() time.Duration { return (o.TTL - o.Reserve) / 3 }

// pause is the time between two rounds of proxies that failed.
func (o *Options) pause() time.Duration {
	return min(250*time.Millisecond, (o.TTL-o.Reserve)/20)
}

package commands

import "strings"

// The subscription commands keep a subscription and never deliver anything:
// the proxy passes no messages. Clients that open a second connection for
// subscriptions of their own, as StackExchange.Redis does, want them answered.

// kind of a subscription.
type kind int

const (
	channels kind = iota
	patterns
	shards
	kinds // how many there are
)

// What a connection can make the proxy keep: so many names, of so many bytes.
const (
	maxSubscriptions    = 256
	maxSubscriptionSize = 16 << 10
)

func pubsubRows() []*Command {
	all := []*Command{
		{Name: "pubsub", Arity: -2, Categories: []string{"pubsub", "slow"}, Subcommands: pubsubSubRows(),
			Usage: "PUBSUB subcommand [arg ...]", Summary: "Who listens, which is of no use here"},
	}
	for _, s := range []struct {
		name, argument string
		kind           kind
	}{{"subscribe", "channel", channels}, {"psubscribe", "pattern", patterns}, {"ssubscribe", "shardchannel", shards}} {
		all = append(all,
			&Command{Name: s.name, Arity: -2, Categories: []string{"pubsub", "slow"},
				run:   func(_ *Table, c *Call) { c.Reply(c.Session.subscribe(s.kind, s.name, c.Args[1:])) },
				Usage: strings.ToUpper(s.name) + " " + s.argument + " [" + s.argument + " ...]", Summary: "Accepted; no message ever comes"},
			&Command{Name: un(s.name), Arity: -1, Categories: []string{"pubsub", "slow"},
				run:   func(_ *Table, c *Call) { c.Reply(c.Session.unsubscribe(s.kind, un(s.name), c.Args[1:])) },
				Usage: strings.ToUpper(un(s.name)) + " [" + s.argument + " ...]", Summary: "End subscriptions"})
	}
	return all
}

// un makes punsubscribe of psubscribe.
func un(name string) string {
	const verb = "subscribe"
	return name[:len(name)-len(verb)] + "un" + verb
}

func pubsubSubRows() []*Command {
	slow := []string{"pubsub", "slow"}
	return []*Command{
		{Name: "channels", Arity: -2, Categories: slow, run: answer(Array{}),
			Usage: "PUBSUB CHANNELS [pattern]", Summary: "None: no message is passed"},
		{Name: "numpat", Arity: 2, Categories: slow, run: answer(Integer(0)),
			Usage: "PUBSUB NUMPAT", Summary: "0"},
		{Name: "numsub", Arity: -2, Categories: slow, run: pubsubNumsub,
			Usage: "PUBSUB NUMSUB [channel ...]", Summary: "0 for each"},
	}
}

// PUBSUB NUMSUB [channel ...]
func pubsubNumsub(_ *Table, c *Call) {
	all := Map{}
	for _, name := range c.Args[2:] {
		all = append(all, Bulk(name), Integer(0))
	}
	c.Reply(Array(all))
}

// subscribe confirms each channel by a reply of its own.
func (s *Session) subscribe(k kind, verb string, names [][]byte) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels == nil {
		s.channels = map[string]struct{}{}
	}
	if !s.hasRoom(k, names) {
		return errSubscriptions
	}
	var all Several
	for _, name := range names {
		key := k.key(name)
		if _, has := s.channels[key]; !has {
			s.channels[key] = struct{}{}
			s.counts[k]++
		}
		all = append(all, Push{Bulk(verb), Bulk(name), s.counted(k)})
	}
	return all
}

// hasRoom tells whether the names may be kept besides those there are.
func (s *Session) hasRoom(k kind, names [][]byte) bool {
	count, size := len(s.channels), 0
	for key := range s.channels {
		size += len(key)
	}
	for _, name := range names {
		if _, has := s.channels[k.key(name)]; !has {
			count++
			size += 1 + len(name)
		}
	}
	return count <= maxSubscriptions && size <= maxSubscriptionSize
}

// unsubscribe confirms each channel; without names it ends all of that kind.
func (s *Session) unsubscribe(k kind, verb string, names [][]byte) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(names) == 0 {
		for _, key := range sortedKeys(s.channels) {
			if key[0] == k.letter() {
				names = append(names, []byte(key[1:]))
			}
		}
	}
	if len(names) == 0 {
		return Several{Push{Bulk(verb), Null{}, s.counted(k)}}
	}
	var all Several
	for _, name := range names {
		key := k.key(name)
		if _, has := s.channels[key]; has {
			delete(s.channels, key)
			s.counts[k]--
		}
		all = append(all, Push{Bulk(verb), Bulk(name), s.counted(k)})
	}
	return all
}

func (s *Session) dropSubscriptions() {
	s.mu.Lock()
	s.channels, s.counts = nil, [kinds]int{}
	s.mu.Unlock()
}

// counted is the number in a confirmation: channels and patterns count
// together, shard channels on their own.
func (s *Session) counted(k kind) Integer {
	if k == shards {
		return Integer(s.counts[shards])
	}
	return Integer(s.counts[channels] + s.counts[patterns])
}

func (k kind) letter() byte           { return "cps"[k] }
func (k kind) key(name []byte) string { return string(k.letter()) + string(name) }

// subscribed tells whether there is any subscription; for the owner.
func (s *Session) subscribed() bool { return len(s.channels) > 0 }

// duringSubscription tells what RESP2 allows while messages could come between
// the replies.
func duringSubscription(name string) bool {
	switch name {
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "ping", "quit", "reset":
		return true
	}
	return false
}

package proxy

import (
	"time"

	"redlock-proxy/commands"
)

// write has what is ready written, if nobody is at it. The caller holds the lock.
func (c *connection) write() {
	if c.writing || c.lost || !c.due() {
		return
	}
	c.writing = true
	if c.socket != c.raw || c.peer.socket == nil { // TLS may have to read before it can write
		c.server.work.Go(func() { c.writeOn(c.server.batch(), 0) })
		return
	}
	c.server.writers.add(c)
}

// due tells whether there is something to write, or to end. The caller holds the
// lock.
func (c *connection) due() bool { return c.slots.ready() || c.last && c.slots.head == nil }

// writeReady writes the replies at the front, those that are ready, without
// waiting for the client.
func (c *connection) writeReady() {
	b := c.server.batch()
	if !c.gather(b) {
		c.server.release(b)
		return
	}
	n, err := c.peer.write(b.bytes)
	switch {
	case err != nil:
		c.failed(b, n, err)
	case n < len(b.bytes):
		c.server.work.Go(func() { c.writeOn(b, n) })
		return
	case c.wrote(b):
		c.server.writers.add(c) // behind others
	}
	c.server.release(b)
}

// writeOn writes what the batch has left behind the first n bytes, and then what
// is ready, until there is nothing. It waits for the client.
func (c *connection) writeOn(b *batch, n int) {
	defer c.server.release(b)
	for more := len(b.bytes) > 0 || c.gather(b); more; more = c.gather(b) {
		if c.socket == c.raw { // TLS' writes are hasty
			_ = c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		wrote, err := c.socket.Write(b.bytes[n:])
		if err != nil {
			c.failed(b, n+wrote, err)
			return
		}
		if c.socket == c.raw {
			_ = c.socket.SetWriteDeadline(time.Time{}) // or a later try is over before it begins
		}
		if n = 0; !c.wrote(b) {
			return
		}
	}
}

// failed ends a connection that took only n bytes.
func (c *connection) failed(b *batch, n int, err error) {
	c.server.large.giveBack(b.large)
	c.server.output.Add(uint64(n))
	b.undeliver(n)
	if byClient(err) {
		c.hangUp()
	}
	c.lose()
}

// batch is what goes out in one write. It is used again, by whoever writes next.
type batch struct {
	ready slots
	bytes []byte
	cost  int // of the slots in it
	large int // of them, see largeRoom
	// perishable are the replies that have to be taken back when the client
	// certainly did not get them, each with the position behind its last byte.
	perishable []perishable
}

type perishable struct {
	reply commands.Perishable
	end   int
}

// undeliver takes back what is not among the first n bytes. A reply that the
// kernel took in full may have arrived, and its holder may be at work.
func (b *batch) undeliver(n int) {
	for _, p := range b.perishable {
		if p.end > n {
			p.reply.Undelivered()
		}
	}
}

// gather takes ready replies from the front and encodes them as they are now.
// With none, the writer's work is over, and the connection's when it was the
// last.
func (c *connection) gather(b *batch) (more bool) {
	b.empty()
	grants := c.take(b)
	if b.ready.head == nil {
		return false
	}
	// The reader may not have come to run yet, or the end stands behind commands
	// that it has not read.
	gone := (grants || !c.reader.waiting.Load()) && c.peer.hasHungUp()
	if gone {
		c.hangUp()
	}
	now := time.Now()
	for s := b.ready.head; s != nil; s = s.next {
		reply := s.reply
		b.large += s.large
		p, isPerishable := reply.(commands.Perishable)
		switch {
		case isPerishable && gone:
			p.Undelivered()
			reply = commands.ErrHungUp
		case isPerishable:
			reply = p.At(now)
		}
		b.bytes = encode(b.bytes, s.proto, reply)
		if _, failed := reply.(commands.Error); isPerishable && !failed {
			b.perishable = append(b.perishable, perishable{p, len(b.bytes)})
		}
	}
	b.ready = slots{} // the write may take long
	return true
}

func (b *batch) empty() {
	clear(b.perishable)
	*b = batch{bytes: b.bytes[:0], perishable: b.perishable[:0]}
}

// take pops what is ready and tells whether there are grants in it. When there
// is nothing the writer must end: the next reply starts another.
func (c *connection) take(b *batch) (grants bool) {
	c.mu.Lock()
	for c.slots.ready() && b.cost < maxWrite {
		s := c.slots.pop()
		_, isPerishable := s.reply.(commands.Perishable)
		grants = grants || isPerishable
		b.cost += s.cost
		b.ready.push(s)
	}
	end := false
	if b.ready.head == nil {
		c.writing = false
		end = c.last && c.slots.head == nil
	}
	c.mu.Unlock()
	if end {
		c.lose()
	}
	return grants
}

// wrote makes room for as many new slots, and tells whether there is more to write.
// If not, the next reply begins anew.
func (c *connection) wrote(b *batch) (more bool) {
	c.server.large.giveBack(b.large)
	c.server.output.Add(uint64(len(b.bytes)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsent -= b.cost
	if c.server.options.IdleTimeout > 0 {
		c.replied = time.Now()
	}
	c.room.Broadcast()
	c.writing = c.due() && !c.lost
	return c.writing
}

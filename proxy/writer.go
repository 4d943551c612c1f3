package proxy

import (
	"time"

	"redlock-proxy/commands"
)

// write starts the writer if there is something for it and none is at work.
// The caller holds the lock. A goroutine that lives only as long as there is
// something to write costs an idle connection nothing.
func (c *connection) write() {
	if c.writing || c.lost || !c.slots.ready() && !(c.last && c.slots.head == nil) {
		return
	}
	c.writing = true
	c.server.work.Go(c.writer)
}

// writeReady sends the replies at the front until one is not known yet.
func (c *connection) writeReady() {
	batch := c.server.batch()
	defer c.server.release(batch)
	for c.gather(batch) {
		c.setWriteDeadline()
		n, err := c.socket.Write(batch.bytes)
		c.server.large.giveBack(batch.large)
		c.server.output.Add(uint64(n))
		if err != nil {
			batch.undeliver(n)
			if byClient(err) {
				c.hangUp()
			}
			c.lose()
			return
		}
		c.wrote(batch.cost)
	}
}

// setWriteDeadline bounds the next write, by half of writeTimeout at least: to
// move a deadline costs as much as a small write, so it is not moved each time.
func (c *connection) setWriteDeadline() {
	if c.socket != c.raw {
		return // TLS' writes are hasty
	}
	now := time.Now()
	if c.deadline.Sub(now) < writeTimeout/2 {
		c.deadline = now.Add(writeTimeout)
		_ = c.socket.SetWriteDeadline(c.deadline)
	}
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

// wrote makes room for as many new slots.
func (c *connection) wrote(cost int) {
	c.mu.Lock()
	c.unsent -= cost
	c.room.Broadcast()
	c.mu.Unlock()
}

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/tidwall/redcon"

	"redlock-proxy/commands"
)

// connection is one client.
type connection struct {
	server  *Server
	raw     net.Conn // as accepted
	peer    peer     // for who writes
	socket  net.Conn // for reading and writing: raw, or TLS over it
	reader  *reader
	session commands.Session
	ctx     context.Context // ends when the client has hung up, or is cut off
	cancel  context.CancelFunc

	behind *connection // in the queue of the writers

	mu      sync.Mutex
	room    sync.Cond // unsent went down, or the connection is lost
	slots   slots
	unsent  int       // what the slots count, see maxUnsent
	writing bool      // somebody is at it, or will be
	replied time.Time // when that last was done; only with an idle time-out
	hungUp  bool      // the client sends no more and gets no more grants
	last    bool      // no further slots: close when all are written
	lost    bool      // nothing can be written any more
}

func newConnection(s *Server, raw net.Conn, secure *TLS, id uint64) *connection {
	c := &connection{server: s, raw: raw, socket: raw}
	if secure != nil {
		c.socket = tls.Server(hasty{raw}, secure.server)
	}
	if plain, is := raw.(syscall.Conn); is {
		c.peer.socket, _ = plain.SyscallConn() // nil with an error
	}
	c.room.L = &c.mu
	c.reader = newReader(counted{c.socket, &s.input}, &s.incoming)
	s.options.Table.Begin(&c.session, id, raw.RemoteAddr().String(), raw.LocalAddr().String())
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	return c
}

// serve reads and starts commands until there are no more.
func (c *connection) serve() {
	if err := c.shakeHands(); err != nil {
		c.server.options.Logger.Debug("TLS handshake failed", "client", c.session.Addr, "err", err)
		c.lose()
		return
	}
	for {
		limits := commandLimits()
		if !c.session.LoggedIn() {
			limits = anonymousLimits()
		}
		packet, err := c.next(limits)
		if err != nil {
			c.stop(err)
			break
		}
		if !c.start(packet) || c.session.Ended {
			c.finish()
			break
		}
	}
	c.awaitHangUp()
}

// awaitHangUp reads on after the last command, so that a client that goes
// before its replies have come is noticed. It returns when the connection has
// been closed, by either side.
func (c *connection) awaitHangUp() {
	c.reader.waiting.Store(true)
	_ = c.socket.SetReadDeadline(time.Time{}) // the idle time-out is over
	if _, err := io.Copy(io.Discard, c.socket); err == nil || byClient(err) {
		c.hangUp()
	}
}

// byClient tells an end that the client made, or its system for it, from one
// that this side found: a host that vanished, a time-out, its own closing.
func byClient(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// next reads the next command. An idle time-out does not count while replies
// are still to come, and begins anew with the last of them.
func (c *connection) next(limits framingLimits) ([]byte, error) {
	idle := c.server.options.IdleTimeout
	for since := time.Now(); ; {
		if idle > 0 {
			_ = c.socket.SetReadDeadline(since.Add(idle))
		}
		packet, err := c.reader.next(limits)
		if !errors.Is(err, os.ErrDeadlineExceeded) || c.ending() {
			return packet, err
		}
		switch replied := c.lastReply(); {
		case c.busy() || c.session.Holds():
			since = time.Now()
		case replied.After(since):
			since = replied
		default:
			return nil, err
		}
	}
}

// lastReply is when the last one was written, where that counts.
func (c *connection) lastReply() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replied
}

func (c *connection) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last || c.lost
}

func (c *connection) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slots.head != nil
}

// start runs one command. It reports false when the connection takes no more.
func (c *connection) start(packet []byte) bool {
	m := &command{connection: c}
	own := append([]byte(nil), packet...) // commands outlive the read buffer
	complete, args, _, _, err := redcon.ReadNextCommand(own, m.few[:0])
	if err != nil || !complete || len(args) == 0 {
		// The guard and redcon read a command differently, which the fuzz test
		// holds to be impossible; nothing after it can be trusted.
		c.stop(protocolError("Protocol error: invalid command"))
		return false
	}
	m.slot = &slot{cost: slotCost + len(packet)}
	if !c.open(m.slot) {
		return false
	}
	m.call = commands.Call{Context: c.ctx, Session: &c.session, Args: args, Proto: c.session.Proto, Read: c.reader.reads, Port: m}
	c.server.options.Table.Run(&m.call)
	if m.call.Muted() {
		c.mu.Lock()
		m.slot.muted = true
		c.mu.Unlock()
	}
	return true
}

// open gives a slot its place, as soon as the client has taken enough of the
// replies before it.
func (c *connection) open(s *slot) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unsent > maxUnsent {
		stop := c.watchForHangUp()
		defer stop()
	}
	for c.unsent > maxUnsent && !c.lost && !c.last {
		c.room.Wait()
	}
	if c.lost || c.last {
		return false
	}
	c.unsent += s.cost
	c.slots.push(s)
	return true
}

// watchForHangUp looks now and then whether the client has gone, while nothing
// is read that would tell.
func (c *connection) watchForHangUp() (stop func()) {
	done := make(chan struct{})
	look := peer{socket: c.peer.socket}
	c.server.work.Go(func() {
		tick := time.NewTicker(hangUpTick)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if look.hasHungUp() {
				c.hangUp()
				return
			}
		}
	})
	return func() { close(done) }
}

// hold reads nothing for a while, or until early is closed or the client has
// gone.
func (c *connection) hold(d time.Duration, early <-chan struct{}) {
	stop := c.watchForHangUp()
	defer stop()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-c.ctx.Done():
	}
}

// fill takes a reply. A grant for a client that has gone is undone.
func (c *connection) fill(s *slot, proto int, r commands.Reply) {
	c.mu.Lock()
	if s.reply != nil { // only a command that failed midway replies twice
		c.mu.Unlock()
		undeliver(r)
		return
	}
	gone := c.hungUp || c.lost
	if !c.lost && !c.server.large.take(s, size(r)) {
		c.server.unread.Add(1)
		r = commands.ErrUnread
	}
	s.proto, s.reply = proto, r
	if gone {
		s.reply = unwanted(r)
	}
	c.unsent -= s.cost
	s.cost = answeredCost + size(s.reply)
	c.unsent += s.cost
	c.room.Broadcast()
	c.write()
	c.mu.Unlock()
	if gone {
		undeliver(r)
	}
}

// unwanted is what takes the place of a grant that is undone.
func unwanted(r commands.Reply) commands.Reply {
	if _, perishable := r.(commands.Perishable); perishable {
		return commands.ErrHungUp
	}
	return r
}

func undeliver(r commands.Reply) {
	if p, perishable := r.(commands.Perishable); perishable {
		p.Undelivered()
	}
}

// stop ends the reading for a reason: a protocol error is answered first, in
// its turn; a client that hung up still gets what was ready, but no grant.
func (c *connection) stop(reason error) {
	var bad protocolError
	switch {
	case errors.As(reason, &bad):
		c.server.malformed.Add(1)
		s := &slot{proto: c.session.Proto, reply: commands.Error("ERR " + bad.Error())}
		c.mu.Lock()
		if !c.lost && !c.last {
			c.slots.push(s)
		}
		c.mu.Unlock()
		c.finish()
	case errors.Is(reason, io.EOF):
		c.hangUp()
		c.finish()
	case byClient(reason):
		c.hangUp()
		c.lose()
	case errors.Is(reason, os.ErrDeadlineExceeded): // idle, or at the end of a drain
		c.finish()
	default:
		c.lose()
	}
}

// hangUp notes that the client has gone: what it waits for is cancelled, grants
// that it has not been sent are undone, and what it held is released.
func (c *connection) hangUp() {
	c.abandon()
	c.server.options.Table.HungUp(&c.session)
}

// abandon cancels what the client waits for, and undoes the grants that it has
// not been sent.
func (c *connection) abandon() {
	c.abandonWaits()
	c.mu.Lock()
	c.hungUp = true
	var grants []commands.Reply
	for s := c.slots.head; s != nil; s = s.next {
		if _, perishable := s.reply.(commands.Perishable); perishable {
			grants = append(grants, s.reply)
			s.reply = commands.ErrHungUp
		}
	}
	c.mu.Unlock()
	for _, g := range grants {
		undeliver(g)
	}
}

// finish closes the connection when the slots there are have been written.
func (c *connection) finish() {
	c.mu.Lock()
	c.last = true
	c.room.Broadcast()
	c.write()
	c.mu.Unlock()
}

// abandonWaits cancels what the client waits for.
func (c *connection) abandonWaits() {
	c.cancel()
	c.server.options.Table.Abandoned(&c.session)
}

// giveUp ends the connection by a time, as a lock that it holds can be held no
// longer: what is pending gets the answer. Nothing is written that was not asked
// for, as clients take it for the answer to something else.
func (c *connection) giveUp(answer commands.Reply, by time.Time) {
	c.mu.Lock()
	for s := c.slots.head; s != nil; s = s.next {
		switch {
		case s.reply != nil:
		case s.muted:
			s.reply = commands.Several{}
		default:
			s.proto, s.reply = 2, answer // an error, which is alike in both
		}
	}
	c.mu.Unlock()
	c.abandonWaits()
	c.server.options.Table.Gone(&c.session)
	c.finish()
	time.AfterFunc(time.Until(by), c.lose) // who does not read must see the end, at least
}

// lose gives the connection up: nothing more is read or written.
func (c *connection) lose() {
	c.abandon()
	c.server.options.Table.Gone(&c.session)
	c.mu.Lock()
	first := !c.lost
	c.lost = true
	c.room.Broadcast()
	for s := c.slots.head; s != nil; s = s.next {
		c.server.large.giveBack(s.large)
		s.large = 0
	}
	c.mu.Unlock()
	if first {
		_ = c.raw.Close() // not TLS' own: its farewell would wait for a client that does not read
		c.server.forget(c)
	}
}

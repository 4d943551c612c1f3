package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"redlock-proxy/commands"
)

// Options of a server.
type Options struct {
	// Table runs the commands.
	Table *commands.Table
	// MaxClients is how many connections may be open at once. Default 10000.
	MaxClients int
	// IdleTimeout ends a connection that asks for nothing for so long.
	// Default 0: never.
	IdleTimeout time.Duration
	// Logger hears of listeners, not of clients.
	Logger *slog.Logger
}

// Server serves clients on any number of listeners.
type Server struct {
	options  Options
	ctx      context.Context // of the connections, ends with the server
	cancel   context.CancelFunc
	incoming sync.Pool // of *[]byte, largeRead long, for reading
	outgoing sync.Pool // of *batch
	writers  writers

	work   sync.WaitGroup // accept loops, readers and writers
	lastID atomic.Uint64

	large largeRoom // of the replies that wait to be sent

	received, rejected, input, output, malformed, unread atomic.Uint64 // for Traffic

	mu        sync.Mutex
	listeners []net.Listener
	clients   map[*commands.Session]*connection
	leaving   bool
	full      bool          // refused clients since there was last ample room
	empty     chan struct{} // closed when leaving and the last client has gone
}

// New makes a server. The connections' contexts are made from ctx, whose end
// ends what clients wait for.
func New(ctx context.Context, o Options) *Server {
	if o.MaxClients == 0 {
		o.MaxClients = 10000
	}
	s := &Server{options: o, clients: map[*commands.Session]*connection{}, empty: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// Serve accepts clients in the background until Close, with TLS unless that is
// nil. It takes the listener over.
func (s *Server) Serve(l net.Listener, secure *TLS) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving {
		_ = l.Close()
		return net.ErrClosed
	}
	if len(s.listeners) == 0 {
		s.writers.start(&s.work)
	}
	s.listeners = append(s.listeners, l)
	s.work.Go(func() { s.accept(l, secure) })
	return nil
}

// Close drains: no new connections, LEAVING to new locks, while releases and
// extensions go on. It returns when the last client has gone; when ctx ends
// before that, the rest get the replies that are ready and are cut off.
func (s *Server) Close(ctx context.Context) {
	s.options.Table.Leave()
	s.mu.Lock()
	if !s.leaving {
		s.leaving = true
		if len(s.clients) == 0 {
			close(s.empty)
		}
	}
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
	case <-ctx.Done():
		s.cutOff()
	}
	s.cancel()
	s.writers.close()
	s.work.Wait()
}

// cutOffGrace is what clients that are still connected at the end of a drain
// have for taking their last replies.
const cutOffGrace = time.Second

func (s *Server) cutOff() {
	for _, c := range s.everyClient() {
		c.finish()
		_ = c.socket.SetReadDeadline(time.Now())
	}
	select {
	case <-s.empty:
		return
	case <-time.After(cutOffGrace):
	}
	for _, c := range s.everyClient() {
		c.lose()
	}
}

func (s *Server) everyClient() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*connection, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	return all
}

// The pause after a failed accept, such as for want of file descriptors.
const (
	acceptPauseFirst = 5 * time.Millisecond
	acceptPauseMost  = time.Second
)

func (s *Server) accept(l net.Listener, secure *TLS) {
	pause := acceptPauseFirst
	for {
		socket, err := l.Accept()
		switch {
		case err == nil:
			pause = acceptPauseFirst
			s.admit(socket, secure)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			s.options.Logger.Warn("accept failed; is the limit of open files too low?", "listener", l.Addr(), "err", err)
			select {
			case <-s.ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, acceptPauseMost)
		}
	}
}

// admit makes a connection of a socket, or says that there are too many.
func (s *Server) admit(socket net.Conn, secure *TLS) {
	s.mu.Lock()
	if s.leaving || len(s.clients) >= s.options.MaxClients {
		reason := "-ERR max number of clients reached\r\n" // Redis' words
		if s.leaving {
			reason = "-LEAVING this proxy is shutting down, use another one\r\n"
		} else if !s.full {
			s.full = true
			s.options.Logger.Warn("as many clients as allowed; more are refused until some leave (--max-clients)", "clients", len(s.clients))
		}
		s.mu.Unlock()
		s.rejected.Add(1)
		turnAway(socket, secure, reason)
		return
	}
	s.received.Add(1)
	c := newConnection(s, socket, secure, s.lastID.Add(1))
	s.clients[&c.session] = c
	s.work.Go(c.serve)
	s.mu.Unlock()
}

// turnAway closes a socket with a reason. With TLS there is none, as the
// handshake would have to come first.
func turnAway(socket net.Conn, secure *TLS, reason string) {
	if secure == nil {
		// A new socket takes a line without waiting; the deadline is for those
		// that do not.
		_ = socket.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = socket.Write([]byte(reason))
	}
	_ = socket.Close()
}

func (s *Server) forget(c *connection) {
	s.mu.Lock()
	delete(s.clients, &c.session)
	if len(s.clients) <= s.options.MaxClients*9/10 {
		s.full = false // told again the next time, but not for each that comes and goes
	}
	if s.leaving && len(s.clients) == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
}

// batch and release lend what is written from.
func (s *Server) batch() *batch {
	if b, ok := s.outgoing.Get().(*batch); ok {
		return b
	}
	return &batch{bytes: make([]byte, 0, smallWrite)}
}

// keepGrants is how many grants of one write are room to keep: more than that
// comes of a pipeline on a shared connection.
const keepGrants = 1024

func (s *Server) release(b *batch) {
	if b.empty(); cap(b.bytes) <= 2*maxWrite && cap(b.perishable) <= keepGrants {
		s.outgoing.Put(b)
	}
}

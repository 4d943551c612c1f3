package redistest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"
)

// ErrNoRedis is returned by Launch when there is no redis-server in the PATH.
var ErrNoRedis = errors.New("redistest: redis-server not found: apt-get install redis-server")

// Server is a redis-server on a loopback port that it keeps for life. All
// methods may be called at the same time; each of Kill, RestartEmpty, Pause,
// Resume and Close waits for the one before. None but RestartEmpty can fail:
// after Close, or when there is no process, they do nothing.
type Server struct {
	dir    string
	args   []string
	addr   string
	client *redis.Client

	mu     sync.Mutex // guards what follows
	child  *child     // nil when killed
	paused bool
	closed bool
}

// Launch starts a redis-server on a free loopback port and returns when it
// answers. It writes only below dir (the system's temporary directory when
// empty) and persists nothing, unless args, options as redis-server takes them
// on its command line, say so. On Linux it dies with this process, however this
// process ends. The error is ErrNoRedis when redis-server is not installed;
// otherwise it quotes what redis-server wrote.
func Launch(dir string, args ...string) (*Server, error) {
	const attempts = 10
	for range attempts {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s := newServer(dir, port, args)
		if err = s.RestartEmpty(); err == nil {
			return s, nil
		}
		s.Close()
		if !errors.Is(err, errPortTaken) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: %d times in a row", errPortTaken, attempts)
}

// newServer describes a server that does not run yet.
func newServer(dir string, port int, args []string) *Server {
	fixed := []string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--loglevel", "warning",
	}
	addr := loopback(port)
	return &Server{dir: dir, args: append(fixed, args...), addr: addr, client: newClient(addr)}
}

// Addr returns host:port. It never changes.
func (s *Server) Addr() string { return s.addr }

// Client returns a client of the server, always the same, closed by Close. It
// sends nothing twice and gives up after a second, or at its context's deadline
// if that is earlier.
func (s *Server) Client() *redis.Client { return s.client }

// Kill ends the process without a warning, as a crash would, and returns when it
// is gone.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
}

// RestartEmpty kills the server if it runs and starts it again at the same
// address with nothing in it, also if it was told to persist. It returns when
// the server answers, and an error when it does not within 10 s, when somebody
// took the port meanwhile, or after Close.
func (s *Server) RestartEmpty() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("redistest: restart of a closed server")
	}
	s.kill()
	c, err := spawn(s.dir, s.args)
	if err != nil {
		return err
	}
	if err := c.await(s.addr); err != nil {
		c.kill()
		return err
	}
	s.child = c
	return nil
}

// Pause makes the server stand still until Resume. The kernel goes on accepting
// connections and requests for it, and the server executes them when resumed.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil && !s.paused {
		s.child.stop()
		s.paused = true
	}
}

// Resume ends a Pause.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil && s.paused {
		s.child.resume()
		s.paused = false
	}
}

// Close ends the process for good, paused or not, and closes the client. It
// returns when both are gone and may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
	if !s.closed {
		s.closed = true
		_ = s.client.Close() // It fails only when the caller has closed it.
	}
}

// kill does what Kill does; the caller holds mu. SIGKILL ends a stopped process
// too, so there is no need to resume it first.
func (s *Server) kill() {
	if s.child != nil {
		s.child.kill()
		s.child, s.paused = nil, false
	}
}

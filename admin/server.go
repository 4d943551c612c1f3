package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"redlock-proxy/commands"
)

// Options of a server.
type Options struct {
	// Table is the proxy's, with its Quorum and Front set.
	Table *commands.Table
	// Password that whoever asks must give, with any user name, for all but
	// /healthz and /readyz. Empty: none, and then only requests to this machine by
	// its address are answered. SetPassword changes it.
	Password string
	// Logger hears, at the level debug, of requests that are no HTTP.
	Logger *slog.Logger
}

// Server answers on one listener.
type Server struct {
	options Options
	http    *http.Server
	work    sync.WaitGroup
	open    atomic.Bool // clients can connect to the proxy
	now     atomic.Pointer[password]
	conns   connections
	sampler *sampler
	viewers atomic.Int64
	closing chan struct{} // closed to end the streams
}

// Bounds of what anybody who reaches the address can make the proxy do.
const (
	maxHeader      = 16 << 10
	requestTimeout = 5 * time.Second
	answerTimeout  = 10 * time.Second
	keepAlive      = 2 * time.Minute // longer than scrapes are apart
)

// New makes a server. An error is a defect of the page that is built in.
func New(o Options) (*Server, error) {
	rendering, err := pageTemplate()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, closing: make(chan struct{})}
	s.SetPassword(o.Password)
	s.sampler = &sampler{take: s.viewOf, stats: o.Table.Quorum.Stats, template: rendering, logger: o.Logger}
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: requestTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
		ConnState:         s.conns.changed,
		ConnContext:       withConnection,
	}
	return s, nil
}

// Handler answers the requests. A path is one line here and one file.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.guarded(s.metrics()))
	mux.Handle("GET /{$}", s.guarded(http.HandlerFunc(s.page)))
	mux.Handle("GET /page.css", s.guarded(asset("page.css", "text/css; charset=utf-8")))
	mux.Handle("GET /page.js", s.guarded(asset("page.js", "text/javascript; charset=utf-8")))
	mux.Handle("GET /events", s.guarded(http.HandlerFunc(s.events)))
	return mux
}

// Serve answers in the background until Close. It takes the listener over.
func (s *Server) Serve(l net.Listener) {
	s.work.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.options.Logger.Error("the admin address is no longer served", "address", l.Addr().String(), "err", err)
		}
	})
}

// Open notes that clients can connect to the proxy: from now on /readyz looks at
// the nodes.
func (s *Server) Open() { s.open.Store(true) }

// Close ends the serving, and is called once. What is being answered has until
// ctx ends.
func (s *Server) Close(ctx context.Context) {
	close(s.closing)
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	s.work.Wait()
}

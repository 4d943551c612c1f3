package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"time"
)

// guessDelay is how long a wrong password waits for its answer. Who does not wait
// for it gains nothing: how many are looked at is limited for each address.
const guessDelay = time.Second

// password is that of the moment.
type password struct {
	none bool
	sum  [sha256.Size]byte // of one length, so that comparing tells nothing of it
}

// SetPassword makes a password count from now on, also for who looks already. The
// empty one is none, as in Options.
func (s *Server) SetPassword(text string) {
	s.now.Store(&password{text == "", sha256.Sum256([]byte(text))})
}

func (p *password) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], p.sum[:]) == 1
}

// guarded lets through who gives the password, or, when there is none, who asks
// for this machine by its address.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		refusal, status := s.refusal(r)
		if refusal != "" {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Basic realm="redlock-proxy", charset="UTF-8"`)
			}
			http.Error(w, refusal, status)
			return
		}
		defer s.conns.serving(r)()
		next.ServeHTTP(w, r)
	})
}

// refusal is why a request is not let through, or empty. A wrong password waits
// for it.
func (s *Server) refusal(r *http.Request) (why string, status int) {
	now := s.now.Load()
	_, text, given := r.BasicAuth()
	switch {
	case now.none && !local(r.Host):
		return "without --admin-password only requests to localhost or an IP address are answered", http.StatusForbidden
	case now.none:
		return "", 0
	case given && !s.options.Table.MayGuess(r.RemoteAddr):
		return "too many wrong passwords from your address, try again in a moment", http.StatusTooManyRequests
	case given && now.is(text):
		s.options.Table.GuessedRight(r.RemoteAddr)
		return "", 0
	case given:
		select {
		case <-time.After(guessDelay):
		case <-r.Context().Done():
		}
	}
	return "the password of --admin-password is needed, with any user name", http.StatusUnauthorized
}

// local tells a request that was meant for this address from one that a web page
// made a browser send, by a name of its own that leads here (DNS rebinding).
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return name == "" || strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}

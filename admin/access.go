package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"time"
)

// guessDelay is how long a wrong password waits for its answer, on one of a few
// connections: some dozens can be tried in a second, by all together.
const guessDelay = time.Second

// guarded lets through who gives the password, or, when there is none, who asks
// for this machine by its address.
func (s *Server) guarded(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.options.Password))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if s.options.Password == "" {
			if !local(r.Host) {
				http.Error(w, "without --admin-password only requests to localhost or an IP address are answered", http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		_, password, given := r.BasicAuth()
		got := sha256.Sum256([]byte(password)) // of one length, so that the comparing tells nothing of it
		if given && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			next.ServeHTTP(w, r)
			return
		}
		if given {
			select {
			case <-time.After(guessDelay):
			case <-r.Context().Done():
			}
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="redlock-proxy", charset="UTF-8"`)
		http.Error(w, "the password of --admin-password is needed, with any user name", http.StatusUnauthorized)
	})
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

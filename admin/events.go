package admin

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Bounds of what those who look at the page can make the proxy do.
const (
	maxViewers = 16
	maxMessage = 64 << 10 // bytes of a message; larger ones are not sent
	// comeAgain is how long a browser waits when its stream broke off.
	comeAgain = 2 * time.Second
)

// events sends the part of the page that changes, as often as it is sampled,
// until the viewer goes or the server closes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if s.viewers.Add(1) > maxViewers {
		s.viewers.Add(-1)
		http.Error(w, fmt.Sprintf("%d look already, and no more may: close another page", maxViewers), http.StatusServiceUnavailable)
		return
	}
	defer s.viewers.Add(-1)
	let := s.now.Load() // in by this password
	pageHeaders(w, "text/event-stream")
	stream := http.NewResponseController(w)
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for sent := ""; ; {
		if now := s.sampler.look(); now.message != sent {
			sent = now.message
			if stream.SetWriteDeadline(time.Now().Add(answerTimeout)) != nil {
				return
			}
			if _, err := fmt.Fprint(w, sent); err != nil || stream.Flush() != nil {
				return
			}
		}
		select {
		case <-tick.C:
			if s.now.Load() != let {
				return // the browser comes again, and is asked for the new one
			}
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		}
	}
}

// message makes an event of a text.
func message(text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "retry: %d\n", comeAgain.Milliseconds())
	for line := range strings.Lines(text) {
		b.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

package admin

import (
	"fmt"
	"net/http"
	"strings"

	"redlock-proxy/redlock"
)

// healthz tells that the process lives. It looks at nothing: a proxy whose nodes
// are away must not be restarted, as it would come back no better.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	answerLine(w, http.StatusOK, "alive")
}

// readyz tells whether this proxy can grant locks now.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready, why := s.ready()
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	answerLine(w, status, why)
}

// ready says, in one line, what there is for a majority and what is not.
func (s *Server) ready() (ready bool, line string) {
	table := s.options.Table
	if table.Leaving() {
		return false, "not ready: draining; releases and extensions go on, new locks are refused"
	}
	states, needed := table.Quorum.Nodes(), table.Quorum.Needed()
	var others []string
	for _, n := range states {
		if !n.Votes() {
			others = append(others, n.Name+" "+reason(n))
		}
	}
	voting := len(states) - len(others)
	line = fmt.Sprintf("%d of %d nodes vote, %d needed", voting, len(states), needed)
	if len(others) > 0 {
		line += ": " + strings.Join(others, "; ")
	}
	switch {
	case voting < needed:
		return false, "not ready: " + line
	case !s.open.Load():
		return false, "not ready: starting, clients can not connect yet; " + line
	}
	return true, "ready: " + line
}

// reason is why a node does not vote.
func reason(n redlock.NodeState) string {
	switch {
	case n.Down != nil:
		return n.Down.Error()
	case n.Why != nil:
		return n.Why.Error()
	}
	return "not looked at yet"
}

// answerLine keeps the body within one line, whatever a node said.
func answerLine(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, strings.Join(strings.Fields(line), " "))
}

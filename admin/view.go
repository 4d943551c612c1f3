package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redlock-proxy/commands"
	"redlock-proxy/redlock"
)

// view is what the page shows, in words. No token is in it.
type view struct {
	Ready     bool
	State     string
	Window    string // what the times to grant are of
	Figures   []figure
	Nodes     []nodeView
	Contended []redlock.Contended
	Refused   []redlock.Refused
	Held      []heldView
}

type figure struct{ Name, Value string }

type heldView struct{ Resource, For, Valid string }

// viewOf has what one look tells: the rest needs earlier ones.
func (s *Server) viewOf() view {
	q := s.options.Table.Quorum
	v := view{State: s.stateLine(), Contended: q.Contended(mostListed), Refused: q.Refused(mostListed)}
	v.Ready, _ = s.ready()
	for i := range v.Refused {
		v.Refused[i].Resource = shown(v.Refused[i].Resource)
	}
	for i := range v.Contended {
		v.Contended[i].Resource = shown(v.Contended[i].Resource)
	}
	for _, h := range q.LongestHeld(mostListed) {
		v.Held = append(v.Held, heldView{shown(h.Resource), seconds(time.Since(h.Since)), seconds(max(time.Until(h.Until), 0))})
	}
	return v
}

// stateLine is ready's without what changes every second: screen readers read
// it out whenever it changes.
func (s *Server) stateLine() string {
	t := s.options.Table
	nodes, voting := t.Quorum.Nodes(), 0
	for _, n := range nodes {
		if n.Votes() {
			voting++
		}
	}
	line := fmt.Sprintf("%d of %d nodes vote, %d are needed", voting, len(nodes), t.Quorum.Needed())
	return s.lead(t, voting) + line
}

func (s *Server) lead(t *commands.Table, voting int) string {
	switch {
	case t.Leaving():
		return "Draining, no new locks: "
	case voting < t.Quorum.Needed():
		return "No locks can be taken: "
	case !s.open.Load():
		return "Starting, clients can not connect yet: "
	}
	return "Locks can be taken: "
}

// locks adds what becomes of LOCKs, over the time of the samples if there is
// more than one.
func (v *view) locks(s redlock.Stats, samples []sample) {
	rate, grants := "–", s.GrantTime
	v.Window = "the time since the start"
	if first, last := samples[0], samples[len(samples)-1]; len(samples) > 1 {
		over := last.at.Sub(first.at)
		v.Window = "the last " + seconds(over)
		grants = since(last.grants, first.grants)
		before := samples[len(samples)-2]
		rate = strconv.FormatFloat(float64(last.granted-before.granted)/last.at.Sub(before.at).Seconds(), 'f', 0, 64)
	}
	v.Figures = []figure{
		{"Locks per second", rate},
		{"Waiting", strconv.Itoa(s.Waiting)},
		{"Kept with AUTOEXTEND", strconv.Itoa(s.Held)},
		{"Time to grant, p50", quantile(grants, 0.5)},
		{"Time to grant, p99", quantile(grants, 0.99)},
	}
}

// quantile in words: it is known to the bucket.
func quantile(h redlock.Histogram, share float64) string {
	if h.Count() == 0 {
		return "–"
	}
	q := h.Quantile(share)
	if q >= h.Bounds[len(h.Bounds)-1] {
		return "> " + millis(q)
	}
	return millis(q)
}

// millis writes seconds as milliseconds.
func millis(s float64) string {
	switch ms := s * 1e3; {
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 10_000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	default:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	}
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return d.Truncate(time.Second).String()
}

// maxShown bounds what a name takes on the page, in characters.
const maxShown = 80

// shown makes a name readable: what is no text, or would turn the text around
// it, is written with backslashes.
func shown(name string) string {
	text := name[:min(len(name), maxShown*utf8.UTFMax)] // before any work on it
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		quoted := strconv.Quote(text)
		text = quoted[1 : len(quoted)-1]
	}
	if all := []rune(text); len(all) > maxShown {
		return string(all[:maxShown]) + "…"
	}
	return text
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

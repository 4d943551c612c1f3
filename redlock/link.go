package redlock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// nodeLink is a link that speaks Redis. It makes its wire ready before any
// request goes over it, and makes a new one when it broke.
type nodeLink struct {
	node *node
	wire wire // nil: none is open
	now  connection
	// replaced is the last connection that requests were sent on and that
	// broke, until it is known to be dead at the node too.
	replaced connection
	used     time.Time // the last sign of life

	// What the guard said of this connection, when it last looked.
	waits  error // no acquire may go over it
	looked time.Time
	epoch  int64 // the guard's, then
	facts  facts

	own flight // of exchange, which waits for its answers
	air air
}

// connection is what the node calls one of ours.
type connection struct {
	id    int64  // 0: unknown
	runID string // of the server process, as ids begin again with each
}

func newNodeLink(d *node) *nodeLink { return &nodeLink{node: d} }

func (l *nodeLink) close() {
	l.air.end()
	if l.wire != nil {
		l.wire.close()
		l.wire = nil
	}
}

// idlePing is how long a connection may be silent before it is tried again: a
// node that went away is then noticed before somebody needs it.
const idlePing = 5 * time.Second

// connect implements link.
func (l *nodeLink) connect() error {
	if l.wire != nil && time.Since(l.used) < idlePing && time.Since(l.looked) < l.pace() {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.node.ctx, l.node.options.ReadTimeout)
	defer cancel()
	if l.wire == nil {
		return l.open(ctx)
	}
	if err := l.look(ctx); err != nil {
		l.close()
		return cause(err)
	}
	return nil
}

// deadline is a context that ends at a time, for those who only ask when: it
// costs no timer, as go-redis gives the time to the socket.
type deadline struct {
	context.Context
	at time.Time
}

func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// exchange implements link.
func (l *nodeLink) exchange(requests []*request, answers []answer) error {
	// One time-out for everything, a new connection too.
	l.own.until = deadline{l.node.ctx, time.Now().Add(l.node.options.ReadTimeout)}
	ctx := &l.own.until
	err := errWireEnded
	if l.wire != nil {
		err = l.attempt(ctx, requests, answers)
	}
	if errors.Is(err, errWireEnded) { // nothing was sent
		l.close()
		if err = l.open(ctx); err != nil {
			fail(answers, err)
			return err
		}
		err = l.attempt(ctx, requests, answers)
	}
	if err != nil {
		l.drop()
		fail(answers, cause(err)) // what was to be sent behind what failed
		return cause(err)
	}
	l.used = time.Now()
	return nil
}

// fail answers what was not sent.
func fail(answers []answer, err error) {
	for i := range answers {
		if answers[i].verdict == pending {
			answers[i] = answer{verdict: failed, err: err}
		}
	}
}

func (l *nodeLink) attempt(ctx context.Context, requests []*request, answers []answer) error {
	if l.air.stale != nil {
		if err := l.loadScripts(ctx); err != nil {
			return cause(err) // it may repeat the scripts
		}
		l.air.stale = nil
	}
	if inFlux(l.waits) { // what it waited for may have come to pass
		if err := l.look(ctx); err != nil {
			return err
		}
	}
	if err := l.send(ctx, requests, answers); err != nil {
		return err
	}
	return l.resend(ctx, requests, answers)
}

// send does one pipeline, with a look at the node in front when the last is too
// old to vote on, or was before the members changed: a process that was cut off
// from most nodes while one was replaced hears of it from the first that it
// reaches, and must not add the vote of the replaced one to that. The error is the
// first that kept the node from answering; error replies are answers.
func (l *nodeLink) send(ctx context.Context, requests []*request, answers []answer) error {
	var look []*redis.Cmd
	if l.lookDue() {
		look = l.lookCommands(ctx, nil)
	}
	f := &l.own
	f.requests, f.answers, f.waits = requests, answers, l.waits
	f.compose(&l.node.quorum.scripts)
	if len(look)+len(f.calls) == 0 {
		return nil
	}
	var epoch int64
	f.began, epoch = time.Now(), l.node.quorum.guard.epoch.Load()
	err := l.wire.exchange(ctx, look, f.calls)
	l.node.quorum.awaken()
	if err == nil {
		now := time.Now()
		l.air.trip.note(now.Sub(f.began), now)
	}
	f.sent = l.wire.sent()
	f.interpret()
	if err == nil && look != nil {
		err = l.heed(ctx, look, f.began, epoch, requests, answers)
	}
	return err
}

// lookDue tells whether the last look is too old to vote on, or was before the
// members changed.
func (l *nodeLink) lookDue() bool {
	q := l.node.quorum
	return time.Since(l.looked) >= l.pace() || l.epoch != q.guard.epoch.Load() && !q.rules.staleVotes
}

// doubt turns the no of a node that may have forgotten the lock into no answer:
// it must not be taken for the end of a validity that was told.
func (a *answer) doubt(op operation, why error) {
	switch {
	case a.verdict == no && (op == extend || op == release):
		*a = answer{verdict: forgot, err: why}
	case a.verdict == yes && op == inspect:
		a.err = why
	}
}

// heed takes in a look that went with requests. When the node turns out to have
// no vote, those that it cast in the same breath do not count, and are undone.
func (l *nodeLink) heed(ctx context.Context, look []*redis.Cmd, began time.Time, epoch int64, requests []*request, answers []answer) error {
	swap, err := l.judge(look, began, epoch)
	if errors.Is(err, errStale) {
		if err = l.loadScripts(ctx); err == nil {
			err = l.look(ctx)
		}
	}
	reason := err
	if reason == nil {
		reason = l.waits
	}
	for i, r := range requests {
		if reason != nil {
			answers[i].doubt(r.op, reason)
		}
		if answers[i].verdict != yes {
			continue
		}
		if r.op == acquire && reason != nil || r.op == extend && err != nil {
			answers[i] = answer{verdict: unknown, err: reason}
		}
	}
	if err == nil && swap != nil {
		err = l.follow(ctx, swap)
	}
	return err
}

// resend repeats releases and extensions that found no script, which a SCRIPT
// FLUSH on the node had removed, after loading them again. An acquire is not
// repeated here, where a release of its own might have passed it: its attempt
// makes another round.
func (l *nodeLink) resend(ctx context.Context, requests []*request, answers []answer) error {
	var again []*request
	var where []int
	stale := map[string]bool{}
	for i, r := range requests {
		if r.op == acquire && stale[r.key] && answers[i].verdict == no {
			answers[i] = answer{verdict: failed, err: errStale} // it passed a release
		}
		if answers[i].err != errStale {
			continue
		}
		stale[r.key] = true
		if r.op != acquire {
			again, where = append(again, r), append(where, i)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	if err := l.loadScripts(ctx); err != nil {
		return cause(err) // it may repeat the scripts
	}
	if len(again) == 0 {
		return nil
	}
	repeated := make([]answer, len(again))
	err := l.send(ctx, again, repeated)
	for i, a := range repeated {
		answers[where[i]] = a
	}
	return err
}

// drop closes the connection and remembers to kill what is left of it.
func (l *nodeLink) drop() {
	if l.wire.sent() && l.now.id != 0 {
		l.replaced = l.now
	}
	l.close()
}

// open makes a connection and readies it before any request is sent on it: the
// scripts are loaded, and the connection it replaces is killed, so that nothing
// which a stopped node has not read yet is executed behind our back.
func (l *nodeLink) open(ctx context.Context) error {
	l.wire = l.node.quorum.seams.dial(l)
	err := l.prepare(ctx)
	if err != nil {
		l.close()
		return cause(err)
	}
	l.used = time.Now()
	return nil
}

func (l *nodeLink) prepare(ctx context.Context) error {
	id, info := redis.NewCmd(ctx, "client", "id"), redis.NewCmd(ctx, "info")
	if err := l.wire.exchange(ctx, []*redis.Cmd{id, info}, nil); err != nil {
		return err
	}
	text, _ := info.Text()
	l.facts = readFacts(text)
	if v := l.facts.version; tooOld(v) {
		return fmt.Errorf("redis %s is too old, 7.0 or newer is needed", v)
	}
	number, _ := id.Int64()
	l.now = connection{id: number, runID: l.facts.run}
	if mayNot(id.Err()) || mayNot(info.Err()) {
		l.cannotKill(errors.Join(id.Err(), info.Err()))
	}
	if mayNot(info.Err()) {
		l.node.unguarded(info.Err())
	}
	if err := l.loadScripts(ctx); err != nil {
		return err
	}
	if err := l.killReplaced(ctx); err != nil {
		return err
	}
	if l.node.quorum.guard.trusts(l.node.index) {
		l.waits, l.looked = nil, time.Now()
		return nil
	}
	l.waits = errFirstLook
	return l.look(ctx)
}

func (l *nodeLink) loadScripts(ctx context.Context) error {
	var loads []*redis.Cmd
	for _, s := range l.node.quorum.scripts.all() {
		loads = append(loads, redis.NewCmd(ctx, "script", "load", s.source))
	}
	if err := l.wire.exchange(ctx, loads, nil); err != nil {
		return err
	}
	for _, c := range loads {
		if err := c.Err(); err != nil {
			return err
		}
	}
	return nil
}

// killReplaced ends the connection that this one replaces, at the node: after
// the reply, all that it had sent has been executed or never will be. The run
// id keeps a restarted node, which counts from 1 again, from killing another.
// Without the right to do so a late acquire may outlive its undo, until its ttl.
func (l *nodeLink) killReplaced(ctx context.Context) error {
	old := l.replaced
	if old.id != 0 && old.runID != "" && old.runID == l.now.runID {
		kill := redis.NewCmd(ctx, "client", "kill", "id", strconv.FormatInt(old.id, 10))
		if err := l.wire.exchange(ctx, []*redis.Cmd{kill}, nil); err != nil {
			return err
		}
		if err := kill.Err(); err != nil {
			l.cannotKill(err)
		}
	}
	l.replaced = connection{}
	return nil
}

// cannotKill warns, once for a node and not for each connection to it.
func (l *nodeLink) cannotKill(err error) {
	if l.node.warned.kill.CompareAndSwap(false, true) {
		l.node.logger.Warn("may not use CLIENT ID, CLIENT KILL or INFO; after a time-out a key may stay until its ttl", "err", cause(err))
	}
}

// mayNot tells a refusal by the node's ACL from a command that it does not have.
// Within a script Redis 7.0 words it differently.
func mayNot(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "The user executing the script"))
}

// tooOld: SET with NX and GET together came with Redis 7.0. A server that does
// not tell its version is tried.
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 7
}

package redlock

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// facts are what INFO says of a server.
type facts struct {
	version, run, role, mode, policy string
	uptime                           time.Duration
	read                             time.Time
}

func readFacts(info string) facts {
	uptime, _ := strconv.Atoi(infoField(info, "uptime_in_seconds"))
	return facts{
		uptime:  time.Duration(uptime) * time.Second,
		version: infoField(info, "redis_version"),
		run:     infoField(info, "run_id"),
		role:    infoField(info, "role"),
		mode:    infoField(info, "redis_mode"),
		policy:  infoField(info, "maxmemory_policy"),
		read:    time.Now(),
	}
}

func infoField(info, name string) string {
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// problem is why such a server can not be a member.
func (f *facts) problem() error {
	switch {
	case f.role == "slave":
		return errReplica
	case f.mode == "cluster":
		return errCluster
	}
	return nil
}

// surveyPeriod is how old the facts may be: a node that was made a replica, or
// lets keys be evicted, without a restart.
const surveyPeriod = 10 * time.Second

// pace is how soon to look again: often while something is about to change,
// and every guardPeriod where votes rest on it.
func (l *nodeLink) pace() time.Duration {
	if l.facts.run == "" {
		return idlePing // nothing to look for, but whether it still answers
	}
	switch l.waits.(type) {
	case nil, *quarantineError:
		return guardPeriod
	}
	return foundingPace
}

// foundingPace is how often a node is looked at that waits for others.
const foundingPace = 20 * time.Millisecond

// look looks at the node, and does what the guard wants done, until it wants
// nothing more. The error is why the node can not be used.
func (l *nodeLink) look(ctx context.Context) error {
	return l.follow(ctx, nil)
}

// lookSteps is more than any way from no record to a vote takes, so that
// proxies that disagree do not keep each other busy.
const lookSteps = 6

func (l *nodeLink) follow(ctx context.Context, swap *swap) error {
	for range lookSteps {
		look := l.lookCommands(ctx, swap)
		began, epoch := time.Now(), l.node.quorum.guard.epoch.Load()
		if err := l.wire.exchange(ctx, look, nil); err != nil {
			return err
		}
		l.node.quorum.awaken()
		next, err := l.judge(look, began, epoch)
		switch {
		case errors.Is(err, errStale):
			if err := l.loadScripts(ctx); err != nil {
				return err
			}
			next = swap
		case err != nil:
			return err
		case next == nil:
			return nil
		}
		swap = next
	}
	return nil
}

// swap is a record and what shall take its place.
type swap struct{ old, new *record }

// lookCommands are what a look asks: the record and the clock, or just for a
// sign of life where the guard can do nothing; and at times INFO.
func (l *nodeLink) lookCommands(ctx context.Context, s *swap) []*redis.Cmd {
	q := l.node.quorum
	if l.facts.run == "" {
		return []*redis.Cmd{redis.NewCmd(ctx, "ping")}
	}
	args := lookArgs(&q.scripts, q.options.MaxTTL, q.rules.format)
	if s != nil {
		args = swapArgs(&q.scripts, q.options.MaxTTL, q.rules.format, s.old, s.new)
	}
	commands := []*redis.Cmd{redis.NewCmd(ctx, args...)}
	if time.Since(l.facts.read) > surveyPeriod || q.rules.byUptime {
		commands = append(commands, redis.NewCmd(ctx, "info"))
	}
	return commands
}

// judge reads the answers to lookCommands, which were asked then and in that
// epoch, and asks the guard. The error is why the node can not be used at all.
func (l *nodeLink) judge(look []*redis.Cmd, began time.Time, epoch int64) (*swap, error) {
	now := time.Now()
	l.looked, l.used = now, now
	l.epoch = epoch
	if l.facts.run == "" {
		l.waits = l.node.quorum.guard.blind(l.node.index)
		return nil, nil
	}
	if len(look) > 1 {
		if text, err := look[1].Text(); err == nil {
			l.facts = readFacts(text)
		}
	}
	if err := look[0].Err(); err != nil {
		return nil, l.blind(err)
	}
	clock, r, err := readLook(look[0].Val())
	if err != nil {
		return nil, err
	}
	l.node.warnOfEviction(l.facts.policy)
	st := l.node.quorum.guard.judge(l.node.index, sighting{
		run: l.facts.run, record: r, problem: l.facts.problem(), clock: clock, sent: began, received: now, epoch: epoch,
		uptime: l.facts.uptime,
	})
	if st.refused != nil {
		return nil, &refusedError{st.refused}
	}
	l.epoch = st.epoch
	l.waits = st.waits
	if st.swap == nil {
		return nil, nil
	}
	if !r.votes(l.facts.run) || !st.swap.votes(l.facts.run) {
		l.waits = errFirstLook
	}
	return &swap{old: &r, new: st.swap}, nil
}

// blind is for a node whose record can not be read. Where its rights do not
// allow it the guard can do nothing; otherwise it does not vote.
func (l *nodeLink) blind(err error) error {
	switch {
	case mayNot(err):
		l.facts.run = "" // until the next connection there is nothing to look at
		l.waits = l.node.quorum.guard.blind(l.node.index)
		l.node.unguarded(err)
		return nil
	case strings.HasPrefix(err.Error(), "NOSCRIPT"):
		l.waits = errStale
		return errStale // they are loaded again
	}
	l.waits = cause(err)
	l.node.quorum.guard.puzzled(l.node.index, l.waits)
	return nil
}

package redlock

import (
	"context"
	"math"
	"strings"

	"github.com/redis/go-redis/v9"
)

// right is a command that the proxy's user needs on a node, in a form that
// changes nothing there.
type right struct {
	name    string
	try     []any
	level   Level
	without string // what is lost without it
}

// rightsNeeded are tried on a lock that nobody takes, and on the proxies' own
// keys. A write is tried so that it can not write: SET only what is there, HSET
// with half a pair, SCRIPT LOAD of what is no script. ACL DRYRUN would be plainer,
// but is a right that few would give a proxy.
func rightsNeeded(prefix string) []right {
	const nothing = "redlock-proxy-check"
	key, own := prefix+nothing, reservedPrefix+nothing
	locks := "no lock can be taken or released on this node"
	guard := "that this node restarted and forgot locks goes unnoticed"
	kill := "after a time-out a key may stay until its ttl"
	wakes := "locks released through another proxy are found by polling"
	return []right{
		{"SET", []any{"set", key, "", "XX", "PX", 1}, LevelWarn, locks},
		{"GET", []any{"get", key}, LevelWarn, locks},
		{"DEL", []any{"del", own}, LevelWarn, locks},
		{"EVALSHA", []any{"evalsha", strings.Repeat("0", 40), 0}, LevelWarn, locks},
		{"SCRIPT LOAD", []any{"script", "load", "("}, LevelWarn, locks},
		{"PTTL", []any{"pttl", key}, LevelWarn, "a wait ends later than the lock it waits for, and retries fail"},
		{"EXISTS", []any{"exists", key}, LevelWarn, "AUTOEXTEND does not put back a lock that this node lost"},
		{"TIME", []any{"time"}, LevelUnsafe, guard},
		{"INFO", []any{"info", "server"}, LevelUnsafe, guard},
		{"HGETALL on " + memberKey, []any{"hgetall", memberKey}, LevelUnsafe, guard},
		{"HGET on " + memberKey, []any{"hget", memberKey, "state"}, LevelUnsafe, guard},
		{"HSET on " + memberKey, []any{"hset", memberKey, "state", "", "half"}, LevelUnsafe, guard},
		{"CLIENT ID", []any{"client", "id"}, LevelWarn, kill},
		{"CLIENT KILL", []any{"client", "kill", "id", int64(math.MaxInt64)}, LevelWarn, kill},
		{"PUBLISH to " + reservedPrefix + "*", []any{"publish", own, ""}, LevelWarn, wakes},
		// Last: it makes the connection one that only listens.
		{"SUBSCRIBE to " + reservedPrefix + "*", []any{"subscribe", own}, LevelWarn, wakes},
	}
}

// rights says what the user lacks, once for each thing that is lost.
func (e *examination) rights(ctx context.Context, v *visit) {
	needed := rightsNeeded(e.options.KeyPrefix)
	commands := make([]*redis.Cmd, len(needed))
	for i, r := range needed {
		commands[i] = redis.NewCmd(ctx, r.try...)
	}
	if err := v.ask(ctx, commands...); err != nil {
		e.say(LevelUnsafe, v.name, "stopped answering while its rights were tried: %v", err)
		return
	}
	lost := map[string][]string{}
	var order []right
	for i, r := range needed {
		if !denied(commands[i].Err()) {
			continue
		}
		if lost[r.without] == nil {
			order = append(order, r)
		}
		lost[r.without] = append(lost[r.without], r.name)
	}
	for _, r := range order {
		e.say(r.level, v.name, "may not use %s: %s; allow it to the proxy's user with ACL SETUSER", strings.Join(lost[r.without], ", "), r.without)
	}
}

// denied tells a refusal by the ACL, and a command that was taken away, from
// what the tries themselves provoke.
func denied(err error) bool {
	return mayNot(err) || err != nil && strings.Contains(err.Error(), "unknown command")
}

//go:build broken

package redlock

import (
	"os"
	"strings"
	"time"
)

// builtRules breaks the rule that REDLOCK_BREAK names, in a build that nothing
// but the tests makes: they show with it that whole processes which break the
// rule are noticed.
func builtRules() rules {
	r := soundRules()
	switch os.Getenv("REDLOCK_BREAK") {
	case "half-quorum":
		r.majority = func(nodes int) int { return nodes / 2 }
	case "no-drift":
		r.drift = func(time.Duration, float64) time.Duration { return 0 }
	case "no-guard":
		r.noGuard = true
	case "format-1": // no broken rule, but an earlier version's
		r.format = 1
	case "undo-by-token":
		r.undoByToken = true
	case "fence-incr":
		r.fenceByCount = true
		r.script = func(s *scripts) {
			s.fence = newScript(mine + `
local held = redis.call('GET', KEYS[1])
if held and not mine(held, ARGV[1]) then return held end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return redis.call('INCR', KEYS[2])
`)
		}
	case "extend-revives":
		r.script = func(s *scripts) {
			source := strings.Replace(extendScript, "if not held or not mine(held, token) then return 0 end", `
if not held then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
if not mine(held, token) then return 0 end`, 1)
			s.extend = newScript(source)
		}
	default:
		// Nobody may run such a build by mistake.
		r.majority = func(nodes int) int { return nodes + 1 }
	}
	return r
}

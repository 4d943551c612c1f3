package redlock

import (
	"slices"
	"strings"
	"time"
)

// simControl is a rule that is broken on purpose: the simulation has to find
// out, or it proves nothing.
type simControl struct {
	name    string
	profile *simProfile
	rules   rules
	within  uint64 // so many schedules
	finds   string // with what the violation begins
	limit   bool   // no rule is broken: that much is admitted
}

func asLimit(c simControl) simControl {
	c.limit = true
	return c
}

const (
	twoHolders  = "TWO HOLDERS"
	leftBehind  = "NOT RELEASED" // or NOT UNDONE
	fencesWrong = "FENCES"
	needless    = "NEEDLESS"
)

// newControl is one with all rules; what breaks it is up to the caller.
func newControl(name, finds string, change func(*simProfile, *rules)) simControl {
	p, r := stormy(5), soundRules()
	p.name = name
	change(p, &r)
	return simControl{name: name, profile: p, rules: r, within: 3000, finds: finds}
}

// simControls are all of them.
func simControls() []simControl {
	return slices.Concat(lockControls(), guardControls(), fenceControls())
}

// lockControls are about locking, extending and releasing.
func lockControls() []simControl {
	return []simControl{
		newControl("half a quorum", twoHolders, func(_ *simProfile, r *rules) {
			r.majority = func(nodes int) int { return nodes / 2 }
		}),
		newControl("no drift", twoHolders, func(p *simProfile, r *rules) {
			p.weather, p.slow, p.reset = nil, 0, 0
			p.ttls = [2]time.Duration{390 * time.Millisecond, 400 * time.Millisecond}
			p.maxTTLs = p.ttls[1:]
			p.trip = 200 * time.Microsecond
			p.behave.work, p.behave.wait, p.behave.die = 1.2, 1, 0.5
			r.drift = func(time.Duration, float64) time.Duration { return 0 }
		}),
		newControl("undo by token", twoHolders, func(p *simProfile, r *rules) {
			p.behave.token, p.behave.impatient = 1, 0.6
			r.undoByToken = true
		}),
		newControl("refresh keeps the value", twoHolders, func(p *simProfile, r *rules) {
			p.behave.token, p.behave.impatient, p.behave.fence = 1, 0.6, 0
			r.script = func(s *scripts) {
				s.acquire = broken(s.acquire, "redis.call('SET', KEYS[1], over,", "redis.call('SET', KEYS[1], held,")
			}
		}),
		newControl("refresh shortens", twoHolders, func(p *simProfile, r *rules) {
			p.behave.again, p.behave.hold, p.behave.fence = 1, 0, 0
			r.script = func(s *scripts) { s.acquire = broken(s.acquire, "math.max(left, tonumber(ARGV[3]))", "ARGV[3]") }
		}),
		newControl("extend revives", "REVIVED", func(p *simProfile, r *rules) {
			p.behave.extend, p.behave.work = 1, 1.5
			r.script = func(s *scripts) {
				s.extend = broken(s.extend, "if not held or not mine(held, token) then return 0 end",
					"if held and not mine(held, token) then return 0 end\nheld = held or token")
			}
		}),
		newControl("extend shortens", twoHolders, func(p *simProfile, r *rules) {
			p.slow, p.behave.extend, p.behave.hold, p.behave.work = 0.2, 1, 0, 0.6
			r.script = func(s *scripts) { s.extend = broken(s.extend, "math.max(left, tonumber(ARGV[3]))", "ARGV[3]") }
		}),
		newControl("release deletes anything", twoHolders, func(_ *simProfile, r *rules) {
			r.script = func(s *scripts) {
				s.release = broken(broken(s.release, "kind == 'value' and not same or", ""), "if not same then", "if false then")
			}
		}),
		// Against the contract, and why it is: what is left of the first acquisition
		// is taken for the second one's.
		asLimit(newControl("a token used again", twoHolders, func(p *simProfile, _ *rules) {
			p.clients, p.behave.pause = 3, 20*time.Millisecond
			p.behave.token, p.behave.reuse, p.behave.elsewhere, p.behave.die, p.behave.hold = 1, 1, 0.8, 0, 0
			p.slow, p.behave.impatient = 0.1, 0.8
			p.weather = []simWeather{{1, pauseNode(200 * time.Millisecond)}}
		})),
		asLimit(newControl("replaced connections live on", leftBehind, func(p *simProfile, _ *rules) {
			busy(p)
			p.mayNotKill, p.slow, p.behave.wait = true, 0.2, 0
			p.ttls[0] = 350 * time.Millisecond
		})),
		newControl("a release overtakes", leftBehind, func(p *simProfile, r *rules) {
			quick(p)
			r.overtake = true
		}),
		newControl("null by refusals alone", needless, func(p *simProfile, r *rules) {
			oneAway(p)
			r.onlyHeld = true
		}),
	}
}

// guardControls are about nodes that forget.
func guardControls() []simControl {
	return []simControl{
		newControl("no guard, 5 nodes", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			r.noGuard = true
		}),
		newControl("no guard, 3 nodes", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes = 3
			r.noGuard = true
		}),
		newControl("a verdict for the node", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			r.nodeVotes = true
		}),
		newControl("each its own max-ttl", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes, p.lasts = 3, 6*time.Second
			p.ttls = [2]time.Duration{1500 * time.Millisecond, 2 * time.Second}
			p.maxTTLs = []time.Duration{2 * time.Second, 50 * time.Millisecond}
			r.ownMaxTTL = true
		}),
		newControl("all forget, and no time to object", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.ttls = [2]time.Duration{1500 * time.Millisecond, 2 * time.Second}
			p.maxTTLs = p.ttls[1:]
			p.weather = []simWeather{{1, restartAll(20*time.Millisecond, false)}, {1, killProxy}}
			r.grace, r.foundAnyway = 0, true
		}),
		newControl("a loss counts from the last vote", twoHolders, func(p *simProfile, r *rules) {
			lossy(p)
			p.nodes, p.proxies = 3, 3
			p.weather = []simWeather{{3, upset(wipe)}, {2, demote(200 * time.Millisecond)}, {3, isolate(600 * time.Millisecond)}}
			p.every = 250 * time.Millisecond
			r.sinceVotes = true
		}),
		newControl("by uptime, 3 nodes", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes = 3
			r.byUptime, r.foundAnyway, r.grace = true, true, 0
		}),
		newControl("by uptime, all restart and a proxy survives", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes = 3
			p.weather = []simWeather{{1, restartAll(20*time.Millisecond, false)}, {1, killOther}}
			r.byUptime, r.foundAnyway, r.grace = true, true, 0
		}),
		newControl("by uptime, a node replaced", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes, p.weather = 3, []simWeather{{1, upset(replaceServer)}, {1, isolate(200 * time.Millisecond)}}
			r.byUptime = true
		}),
		newControl("by uptime, a copy promoted", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes, p.weather = 3, []simWeather{{1, promote(400 * time.Millisecond)}, {2, isolate(200 * time.Millisecond)}}
			r.byUptime = true
		}),
		newControl("by uptime, a clock set after the restart", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes = 3
			p.weather = []simWeather{{1, rebootLate(30 * time.Millisecond)}, {1, isolate(200 * time.Millisecond)}}
			r.byUptime = true
		}),
		newControl("by uptime, FLUSHALL", twoHolders, func(p *simProfile, r *rules) {
			forgetful(p)
			p.nodes, p.weather = 3, []simWeather{{2, upset(wipe)}, {1, isolate(200 * time.Millisecond)}}
			r.byUptime = true
		}),
		// Not a broken rule but the limit that is admitted: what a node forgets
		// without a restart is noticed at the next look.
		asLimit(newControl("FLUSHALL", twoHolders, func(p *simProfile, _ *rules) {
			forgetful(p)
			p.weather = []simWeather{{1, flushAll}}
		})),
	}
}

// fenceControls are about fences.
func fenceControls() []simControl {
	return []simControl{
		newControl("fences counted", fencesWrong, func(p *simProfile, r *rules) {
			p.behave.fence = 1
			*r = countingRules()
		}),
		newControl("fences without bounds", fencesWrong, func(p *simProfile, r *rules) {
			farApart(p)
			r.fenceNoBounds = true
		}),
		newControl("fences of a clock a day ahead", fencesWrong, func(p *simProfile, r *rules) {
			ahead(p)
			r.ownClock, r.fenceNoBounds = true, true
		}),
		newControl("fences with the upper bound only", fencesWrong, func(p *simProfile, r *rules) {
			farApart(p)
			r.fenceUpperBound = true
		}),
	}
}

// busy is many clients that do not hold their locks for long.
func busy(p *simProfile) {
	p.clients, p.behave.work, p.behave.pause = 8, 0.1, 20*time.Millisecond
}

// quick is a node that is found to be away, and back, while one of its lanes
// still waits: many short locks that last, and connections that break or hang.
func quick(p *simProfile) {
	p.proxies, p.clients, p.resources, p.weather = 1, 12, 4, nil
	p.trip, p.slow, p.slowest, p.reset, p.timeout = 500*time.Microsecond, 0.1, 600*time.Millisecond, 0.1, 200*time.Millisecond
	p.ttls = [2]time.Duration{4 * time.Second, 5 * time.Second}
	p.maxTTLs = p.ttls[1:]
	p.behave = simBehaviour{token: 0.5, work: 0.002, pause: 20 * time.Millisecond}
}

// broken is a script of the product with other lines in the place of some.
func broken(s script, lines, others string) script {
	if !strings.Contains(s.source, lines) {
		panic("no such lines in the script: " + lines)
	}
	return newScript(strings.Replace(s.source, lines, others, 1))
}

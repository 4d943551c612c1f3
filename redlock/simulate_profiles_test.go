package redlock

import "time"

// simProfiles are the kinds of schedules in which nothing may go wrong.
// The storms come more often, and a first start seldom, as it takes long.
func simProfiles() []*simProfile {
	return []*simProfile{
		stormy(5), calm(), forgetting(5), far(stormy(3)), apart(), far(stormy(5)), forgetting(3), minority(), losing(3),
		stormy(5), far(calm()), far(forgetting(5)), stormy(3), founding(), far(stormy(5)), far(forgetting(3)), far(minority()), far(losing(5)), aheadOfTime(),
	}
}

// far is the same with several pipelines under way at once.
func far(p *simProfile) *simProfile {
	p.name, p.far = p.name+"-far", true
	return p
}

// lanes: two where order across them could matter.
func (p *simProfile) lanes() int {
	if p.far {
		return 1
	}
	return 2
}

// stormy is everything at once.
func stormy(nodes int) *simProfile {
	p := &simProfile{
		name: "storm5", nodes: nodes, proxies: 2, clients: 4, resources: 1,
		lasts: 1500 * time.Millisecond,
		trip:  2 * time.Millisecond,
		slow:  0.03, slowest: 150 * time.Millisecond,
		reset: 0.01, split: 0.1,
		fast: 0.0099, skew: time.Second,
		ttls:    [2]time.Duration{60 * time.Millisecond, 400 * time.Millisecond},
		maxTTLs: []time.Duration{400 * time.Millisecond, 300 * time.Millisecond},
		timeout: 40 * time.Millisecond,
		weather: []simWeather{
			{6, pauseNode(200 * time.Millisecond)},
			{1, restartNode(100*time.Millisecond, true)},
			{1, restartNode(100*time.Millisecond, false)},
			{4, cut(200 * time.Millisecond)},
			{2, isolate(200 * time.Millisecond)},
			{3, freezeProxy(300 * time.Millisecond)},
			{1, killProxy},
			{1, flushScripts},
		},
		every: 80 * time.Millisecond,
		behave: simBehaviour{
			token: 0.6, wait: 0.5, impatient: 0.2, extend: 0.3, elsewhere: 0.2, die: 0.1, hold: 0.15, fence: 0.4, again: 0.15,
			work: 0.8, pause: 120 * time.Millisecond,
		},
		finally: true, founded: true,
	}
	if nodes == 3 {
		p.name, p.proxies, p.maxTTLs = "storm3", 3, []time.Duration{400 * time.Millisecond}
	}
	return p
}

// calm has nothing but contention: many clients, and clocks at the edge of
// what the drift allows for.
func calm() *simProfile {
	p := stormy(5)
	p.name, p.weather, p.slow, p.reset = "calm", nil, 0, 0
	p.clients, p.resources, p.lasts = 8, 2, 800*time.Millisecond
	return p
}

// forgetful is nodes that restart without their keys.
func forgetful(p *simProfile) {
	p.weather = []simWeather{
		{4, restartNode(30*time.Millisecond, false)},
		{1, isolate(200 * time.Millisecond)},
		{1, pauseNode(100 * time.Millisecond)},
	}
	p.every, p.slow, p.reset = 100*time.Millisecond, 0.01, 0
	p.ttls[0] = 300 * time.Millisecond
	p.behave.work, p.behave.impatient, p.behave.pause = 1, 0, 20*time.Millisecond
}

// oneAway is calm weather, but for one node of five that does not answer: a
// minority, so nobody may hear that there is no quorum.
func oneAway(p *simProfile) {
	p.weather, p.slow, p.reset, p.split = nil, 0, 0, 0
	p.without, p.never, p.skew = 1, ErrNoQuorum, 0
}

// farApart is clocks of nodes that differ by more than a lock can last, proxies
// that know different ones of them, and fences so seldom that they are forgotten.
func farApart(p *simProfile) {
	p.skew = 4 * time.Second
	p.ttls = [2]time.Duration{60 * time.Millisecond, 100 * time.Millisecond}
	p.maxTTLs = p.ttls[1:]
	p.clients, p.behave.fence, p.behave.hold, p.behave.pause = 2, 1, 0, time.Second
	p.lasts = 10 * time.Second
	p.weather = []simWeather{{3, isolate(3 * time.Second)}, {1, killProxy}}
	p.every = 200 * time.Millisecond
}

func minority() *simProfile {
	p := stormy(5)
	p.name = "minority"
	oneAway(p)
	return p
}

// forgetting is nodes that lose their memory one after the other, and all at
// once while a proxy goes on.
func forgetting(nodes int) *simProfile {
	p := stormy(5)
	p.name, p.nodes = "forget5", nodes
	if nodes == 3 {
		p.name = "forget3"
	}
	forgetful(p)
	p.every = 300 * time.Millisecond
	p.weather = append(p.weather, simWeather{1, restartAll(50*time.Millisecond, false)}, simWeather{1, killOther})
	return p
}

// ahead is proxies whose clocks are a day ahead and that are killed, others in
// their place, and nodes that forget.
func ahead(p *simProfile) {
	p.ahead = 24 * time.Hour
	p.behave.fence, p.behave.hold, p.behave.pause = 1, 0, 50*time.Millisecond
	p.lasts, p.every = 4*time.Second, 150*time.Millisecond
	p.weather = []simWeather{{3, restartNode(30*time.Millisecond, false)}, {1, killProxy}}
}

func aheadOfTime() *simProfile {
	p := stormy(3)
	p.name = "ahead"
	ahead(p)
	return p
}

// losing is nodes that lose their memory without a restart, are replaced, promoted
// and set to another time, and proxies that are cut off meanwhile.
func losing(nodes int) *simProfile {
	p := stormy(5)
	p.name, p.nodes = "lose5", nodes
	if nodes == 3 {
		p.name = "lose3"
	}
	lossy(p)
	return p
}

func lossy(p *simProfile) {
	forgetful(p)
	p.lasts, p.every = 3*time.Second, 120*time.Millisecond
	p.weather = []simWeather{
		{3, upset(wipe)},
		{2, demote(200 * time.Millisecond)},
		{1, promote(200 * time.Millisecond)},
		{1, upset(replaceServer)},
		{1, rebootLate(100 * time.Millisecond)},
		{1, stepClock(100*time.Millisecond, time.Second)},
		{2, isolate(600 * time.Millisecond)},
		{1, freezeProxy(600 * time.Millisecond)},
	}
}

// founding is a first start in bad weather.
func founding() *simProfile {
	p := stormy(5)
	p.name, p.founded, p.proxies = "founding", false, 3
	p.lasts, p.every = 2500*time.Millisecond, 250*time.Millisecond
	return p
}

// apart is clocks of nodes that differ by more than a lock lasts.
func apart() *simProfile {
	p := stormy(5)
	p.name = "apart"
	farApart(p)
	p.lasts = 3 * time.Second
	return p
}

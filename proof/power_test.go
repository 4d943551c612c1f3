package proof

import (
	"math/rand/v2"
	"testing"
	"time"
)

// brokenRound is a random run of proxies that break a rule.
func brokenRound(t *testing.T, rule string) round {
	t.Helper()
	r := common(rand.Uint64())
	t.Logf("seed %d", r.seed)
	r.nodes, r.lasts = 3, 8*time.Second
	r.binary, r.env = built.broken, []string{"REDLOCK_BREAK=" + rule}
	return r
}

// TestRandomRunsNoticeBrokenRules: chance must be enough for the rules that
// break often. A run is short, so it may take several.
func TestRandomRunsNoticeBrokenRules(t *testing.T) {
	t.Parallel()
	breaking := map[string][][]kind{
		"half-quorum": {nodeFaults, wireFaults, wireFaults, proxyFaults},
		"no-guard":    {nodeFaults, wireFaults, {restartNode}, {restartNode}, {restartNode}},
	}
	for rule := range breaking {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			const most = 6
			for range most {
				r := brokenRound(t, rule)
				r.faults = breaking[rule]
				if found := violations(r.rules, r.play(t)); !found.none() {
					return
				}
			}
			t.Errorf("%d random runs do not notice %s", most, rule)
		})
	}
}

// TestCounterNoticesBrokenRules: with half a quorum updates are lost.
func TestCounterNoticesBrokenRules(t *testing.T) {
	t.Parallel()
	const most = 5
	for range most {
		r, path := brokenRound(t, "half-quorum"), newFile(t)
		count(t, r, "file", path)
		if len(lostUpdates(t, path)) > 0 {
			return
		}
	}
	t.Errorf("%d runs with half a quorum lose no update", most)
}

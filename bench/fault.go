package main

import (
	"redlock-proxy/bench/stage"
)

// What the nodes are like.
const (
	healthy   = "healthy"
	onePaused = "one node paused"
	oneDead   = "one node dead"
)

func (m measurement) faulty() bool { return m.setting == onePaused || m.setting == oneDead }

// pausing is the turn with the last node standing still (SIGSTOP), from when all
// connections are open until the end of the turn: the warm-up is what there is to
// notice it.
func pausing(s *stage.Stage, t turn) turn {
	node := s.Nodes[len(s.Nodes)-1]
	t.setting, t.prepare, t.undo = onePaused, node.Pause, node.Resume
	return t
}

package commands

import (
	"fmt"
	"strings"
	"time"

	"redlock-proxy/redlock"
)

// redlockInfo is about the nodes. state is whether a node answers, vote whether
// one that does may take part in a majority.
func (t *Table) redlockInfo() []string {
	states := t.Quorum.Nodes()
	voting := 0
	for _, s := range states {
		if s.Votes() {
			voting++
		}
	}
	lines := []string{
		"nodes:" + decimal(len(states)),
		"quorum_needed:" + decimal(t.Quorum.Needed()),
		"nodes_voting:" + decimal(voting),
		// One less must still be a majority, which one or two nodes never are.
		"next_restart_safe:" + yesNo(voting == len(states) && voting > t.Quorum.Needed()),
		"held_locks:" + decimal(t.Quorum.Held()),
		"waiting_locks:" + decimal(t.Quorum.Waiting()),
	}
	if t.Embedded {
		lines = append(lines, "embedded:1", "warning:the nodes are in this process and every lock is lost with it")
	}
	for i, s := range states {
		lines = append(lines, fmt.Sprintf("node%d:%s", i, nodeInfo(s)))
	}
	return lines
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// nodeInfo is one node's line. A node that is down is none of the rest: what it
// was when it last answered says nothing of what it will be.
func nodeInfo(s redlock.NodeState) string {
	if s.Down != nil {
		return fmt.Sprintf("name=%s,state=down,reason=%s", s.Name, field(s.Down))
	}
	vote := s.State
	if vote == "" {
		vote = redlock.StateWaiting
	}
	line := fmt.Sprintf("name=%s,state=up,vote=%s", s.Name, vote)
	if s.State == redlock.StateQuarantined {
		line += fmt.Sprintf(",quarantined_left=%d", int(max(time.Until(s.Until).Round(time.Second), time.Second).Seconds()))
	}
	if s.Why != nil {
		line += ",reason=" + field(s.Why)
	}
	return line
}

// field keeps a reason within its field of its line.
func field(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == ',' || r < ' ' || r == 0x7f }), ";")
}

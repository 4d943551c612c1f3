package commands

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// INFO [section ...]
func info(t *Table, c *Call) {
	wanted := map[string]bool{}
	for _, a := range c.Args[1:] {
		wanted[strings.ToLower(string(a))] = true
	}
	all := len(wanted) == 0 || wanted["all"] || wanted["everything"] || wanted["default"]
	var b strings.Builder
	for _, s := range t.infoSections() {
		if !all && !wanted[s.name] {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString("# " + strings.ToUpper(s.name[:1]) + s.name[1:] + "\r\n")
		for _, line := range s.lines {
			b.WriteString(line + "\r\n")
		}
	}
	c.Reply(Verbatim(b.String()))
}

type infoSection struct {
	name  string
	lines []string
}

// infoSections uses Redis' own names where Redis has the field, as clients
// look for loading, role and redis_mode before they send anything else.
func (t *Table) infoSections() []infoSection {
	up := int(time.Since(t.since).Seconds())
	return []infoSection{
		{"server", []string{
			"redis_version:" + redisVersion,
			"redlock_proxy_version:" + t.Version,
			"redis_mode:standalone",
			fmt.Sprintf("process_id:%d", os.Getpid()),
			fmt.Sprintf("uptime_in_seconds:%d", up),
			fmt.Sprintf("uptime_in_days:%d", up/86400),
		}},
		{"clients", []string{
			fmt.Sprintf("connected_clients:%d", t.Clients()),
			fmt.Sprintf("maxclients:%d", t.MaxClients),
		}},
		{"persistence", []string{"loading:0"}},
		{"replication", []string{"role:master", "connected_slaves:0"}},
		{"redlock", t.redlockLines()},
	}
}

func (t *Table) redlockLines() []string {
	states := t.Quorum.Nodes()
	lines := []string{
		fmt.Sprintf("nodes:%d", len(states)),
		fmt.Sprintf("quorum:%d", t.Quorum.Needed()),
	}
	if t.Embedded {
		lines = append(lines, "embedded:1", "warning:the nodes are in this process and every lock is lost with it")
	}
	for i, s := range states {
		state := "up"
		if s.Down != nil {
			state = "down"
		}
		line := fmt.Sprintf("node%d:name=%s,state=%s", i, s.Name, state)
		if s.Down != nil {
			line += ",reason=" + s.Down.Error()
		}
		lines = append(lines, line)
	}
	return lines
}

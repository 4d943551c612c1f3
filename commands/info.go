package commands

import (
	"strings"
)

// INFO [section ...]
func info(t *Table, c *Call) {
	wanted := map[string]bool{}
	for _, a := range c.Args[1:] {
		wanted[strings.ToLower(string(a))] = true
	}
	everything := wanted["all"] || wanted["everything"]
	defaults := len(wanted) == 0 || wanted["default"]
	var b strings.Builder
	for _, s := range t.infoSections() {
		if !everything && !wanted[s.key()] && (!defaults || s.onDemand) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString("# " + s.title + "\r\n")
		for _, line := range s.lines() {
			b.WriteString(line + "\r\n")
		}
	}
	c.Reply(Verbatim(b.String()))
}

// infoSection uses Redis' own names where Redis has the field: clients look for
// loading, role and redis_mode before they send anything else, and
// redis_exporter and dashboards read the rest. What would be made up is left
// out.
type infoSection struct {
	title    string
	lines    func() []string
	onDemand bool // only when it is asked for
}

func (s infoSection) key() string { return strings.ToLower(s.title) }

func (t *Table) infoSections() []infoSection {
	return []infoSection{
		{title: "Server", lines: t.serverInfo},
		{title: "Clients", lines: t.clientsInfo},
		{title: "Memory", lines: memoryInfo},
		{title: "Persistence", lines: fixed("loading:0", "async_loading:0", "rdb_changes_since_last_save:0", "rdb_bgsave_in_progress:0", "rdb_last_bgsave_status:ok", "aof_enabled:0")},
		{title: "Stats", lines: t.statsInfo},
		{title: "Replication", lines: fixed("role:master", "connected_slaves:0", "master_repl_offset:0")},
		{title: "CPU", lines: cpuInfo},
		{title: "Modules", lines: fixed()},
		{title: "Commandstats", lines: t.commandInfo, onDemand: true},
		{title: "Errorstats", lines: t.errorInfo},
		{title: "Cluster", lines: fixed("cluster_enabled:0")},
		{title: "Keyspace", lines: fixed()},
		{title: "Redlock", lines: t.redlockInfo},
	}
}

func fixed(lines ...string) func() []string { return func() []string { return lines } }

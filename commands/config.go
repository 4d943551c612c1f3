package commands

import (
	"strings"

	"redlock-proxy/internal/acl"
)

func configRows() []*Command {
	admin := []string{"admin", "slow", "dangerous"}
	return []*Command{
		{Name: "get", Arity: -3, run: configGet, Categories: admin,
			Usage: "CONFIG GET parameter [parameter ...]", Summary: "The settings that match a pattern, without secrets"},
		{Name: "resetstat", Arity: 2, Categories: admin,
			run:   func(t *Table, c *Call) { t.resetStats(); c.Reply(ok) },
			Usage: "CONFIG RESETSTAT", Summary: "Count from zero again in INFO"},
		{Name: "rewrite", Arity: 2, run: answer(errNoRewrite), Categories: admin,
			Usage: "CONFIG REWRITE", Summary: "Refused: the proxy writes no files"},
		{Name: "set", Arity: -4, run: answer(errNoConfigSet), Categories: admin,
			Usage: "CONFIG SET parameter value [parameter value ...]", Summary: "Refused: the settings are flags"},
	}
}

// CONFIG GET parameter [parameter ...]
func configGet(t *Table, c *Call) {
	settings := t.settings()
	found, told := Map{}, map[string]bool{}
	tell := func(as, name string) {
		if !told[name] {
			told[name] = true
			found = append(found, Bulk(as), Bulk(settings[name]))
		}
	}
	for _, p := range c.Args[2:] {
		pattern := strings.ToLower(string(p))
		if _, exact := settings[pattern]; exact {
			tell(string(p), pattern)
		}
		if !strings.ContainsAny(pattern, "[*?") || len(pattern) > maxPattern {
			continue
		}
		for _, name := range sortedKeys(settings) {
			if acl.GlobFold(pattern, []byte(name)) {
				tell(name, name)
			}
		}
	}
	c.Reply(found)
}

// settings are the proxy's own and those of Redis that clients and tools look
// for.
func (t *Table) settings() map[string]string {
	all := map[string]string{
		"appendonly":              "no",
		"cluster-enabled":         "no",
		"databases":               "1",
		"maxclients":              decimal(t.Front.MaxClients()),
		"maxmemory":               "0",
		"maxmemory-policy":        "noeviction",
		"replica-read-only":       "no",
		"save":                    "",
		"slave-read-only":         "no",
		"slowlog-log-slower-than": decimal(int(slowFrom.Microseconds())),
		"slowlog-max-len":         decimal(slowMost),
	}
	for name, value := range t.Settings {
		all[name] = value
	}
	return all
}

package commands

import (
	"slices"
	"strings"

	"redlock-proxy/internal/acl"
)

// COMMAND GETKEYS command [arg ...]
func commandGetKeys(t *Table, c *Call) {
	key, refusal := t.keyIn(c.Args[2:])
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	c.Reply(Array{Bulk(key)})
}

// COMMAND GETKEYSANDFLAGS command [arg ...]
func commandGetKeysAndFlags(t *Table, c *Call) {
	key, refusal := t.keyIn(c.Args[2:])
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	c.Reply(Array{Array{Bulk(key), Set(simples([]string{"RW", "access", "update"}))}})
}

// keyIn finds the resource in a command that is quoted and not run.
func (t *Table) keyIn(args [][]byte) ([]byte, Reply) {
	row := find(t.rows, args[0])
	if row != nil && row.subs != nil && len(args) > 1 {
		row = find(row.subs, args[1])
	}
	switch {
	case row == nil:
		return nil, errGetKeys
	case row.Key == 0:
		return nil, errNoKeys
	case !row.takes(len(args)):
		return nil, errGetKeysArgs
	}
	return args[row.Key], nil
}

// maxPattern is longer than any pattern for a name need be: matching a long one
// is work.
const maxPattern = 256

// COMMAND LIST [FILTERBY MODULE|ACLCAT|PATTERN value]
func commandList(t *Table, c *Call) {
	wanted := func(*Command) bool { return true }
	switch {
	case len(c.Args) == 2:
	case len(c.Args) != 5 || !is(c.Args[2], "FILTERBY"):
		c.Reply(errSyntax)
		return
	case is(c.Args[3], "MODULE"):
		wanted = func(*Command) bool { return false }
	case is(c.Args[3], "ACLCAT"):
		category := strings.ToLower(c.arg(4))
		wanted = func(r *Command) bool { return slices.Contains(r.Categories, category) }
	case is(c.Args[3], "PATTERN") && len(c.Args[4]) > maxPattern:
		c.Reply(errPattern)
		return
	case is(c.Args[3], "PATTERN"):
		pattern := strings.ToLower(c.arg(4))
		wanted = func(r *Command) bool { return acl.Glob(pattern, []byte(r.full)) }
	default:
		c.Reply(errSyntax)
		return
	}
	names := []string{}
	for _, r := range t.sorted(true) {
		if wanted(r) {
			names = append(names, r.full)
		}
	}
	c.Reply(bulks(names))
}

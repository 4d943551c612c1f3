package commands

import (
	"fmt"
	"slices"
	"strings"

	"redlock-proxy/internal/acl"
)

func aclRows() []*Command {
	slow := []string{"slow"}
	admin := []string{"admin", "slow", "dangerous"}
	return []*Command{
		{Name: "cat", Arity: -2, run: aclCat, Categories: slow,
			Usage: "ACL CAT [category]", Summary: "The categories, or the commands of one"},
		{Name: "dryrun", Arity: -4, run: aclDryRun, Categories: admin,
			Usage: "ACL DRYRUN username command [arg ...]", Summary: "Whether a user may do that"},
		{Name: "getuser", Arity: 3, run: aclGetUser, Categories: admin,
			Usage: "ACL GETUSER username", Summary: "What a user may do"},
		{Name: "list", Arity: 2, run: aclList, Categories: admin,
			Usage: "ACL LIST", Summary: "The users as in the ACL file, with hashes for passwords"},
		{Name: "load", Arity: 2, run: aclLoad, Categories: admin,
			Usage: "ACL LOAD", Summary: "Read the ACL file again; it counts as a whole or not at all"},
		{Name: "users", Arity: 2, Categories: admin,
			run:   func(t *Table, c *Call) { c.Reply(bulks(t.users.Load().Names())) },
			Usage: "ACL USERS", Summary: "Their names"},
		{Name: "whoami", Arity: 2, Categories: slow,
			run:   func(_ *Table, c *Call) { c.Reply(Bulk(c.Session.look().userName())) },
			Usage: "ACL WHOAMI", Summary: "The user of this connection"},
	}
}

// ACL CAT [category]
func aclCat(t *Table, c *Call) {
	categories := t.categories()
	switch {
	case len(c.Args) > 3:
		c.Reply(Error("ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP."))
	case len(c.Args) == 2:
		c.Reply(bulks(categories))
	case !slices.Contains(categories, strings.ToLower(c.arg(2))):
		c.Reply(Error(fmt.Sprintf("ERR Unknown category '%s'", text(c.Args[2], 128))))
	default:
		names := []string{}
		for _, r := range t.sorted(true) {
			if slices.Contains(r.Categories, strings.ToLower(c.arg(2))) {
				names = append(names, r.full)
			}
		}
		c.Reply(bulks(names))
	}
}

// categories are those of Redis, and ours.
func (t *Table) categories() []string { return append(acl.Categories(), "lock", "lockadmin") }

// ACL DRYRUN username command [arg ...]
func aclDryRun(t *Table, c *Call) {
	user := t.users.Load().Lookup(c.arg(2))
	if user == nil {
		c.Reply(Error(fmt.Sprintf("ERR User '%s' not found", text(c.Args[2], 128))))
		return
	}
	quoted := c.Args[3:]
	row := find(t.rows, quoted[0])
	if row != nil && row.subs != nil && len(quoted) > 1 {
		row = find(row.subs, quoted[1])
	}
	switch {
	case row == nil:
		c.Reply(Error(fmt.Sprintf("ERR Command '%s' not found", text(quoted[0], 128))))
	case !row.takes(len(quoted)):
		c.Reply(wrongNumber(row.full))
	case !user.MayRun(row.full):
		c.Reply(Bulk("This user has no permissions to run the '" + row.full + "' command"))
	case row.Key > 0 && !user.MayUse(row.full, quoted[row.Key]):
		c.Reply(Bulk("This user has no permissions to access the '" + string(quoted[row.Key]) + "' key"))
	default:
		c.Reply(ok)
	}
}

// ACL GETUSER username
func aclGetUser(t *Table, c *Call) {
	user := t.users.Load().Lookup(c.arg(2))
	if user == nil {
		c.Reply(Null{})
		return
	}
	c.Reply(describe(user.Describe()))
}

// ACL LIST
func aclList(t *Table, c *Call) {
	users := t.users.Load()
	lines := []string{}
	for _, name := range users.Names() {
		lines = append(lines, users.Lookup(name).Rules())
	}
	c.Reply(bulks(lines))
}

// ACL LOAD
func aclLoad(t *Table, c *Call) {
	if t.OpenUsers == nil {
		c.Reply(errNoACLFile)
		return
	}
	if err := t.LoadUsers(c.Session); err != nil {
		c.Reply(Error("ERR " + oneLine(err.Error())))
		return
	}
	c.Session.Ended = !t.stillWelcome(c.Session)
	c.Reply(ok)
}

// oneLine keeps what a file system says from ending the error line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}

// describe orders what is known of a user as Redis does.
func describe(d acl.Description) Reply {
	passwords := bulks(d.Passwords)
	selectors := Array{}
	for _, s := range d.Selectors {
		selectors = append(selectors, Map(rights(s)))
	}
	all := Map{Bulk("flags"), Set(bulks(d.Flags)), Bulk("passwords"), passwords}
	return append(append(all, rights(d.Rights)...), Bulk("selectors"), selectors)
}

func rights(r acl.Rights) []Reply {
	return []Reply{Bulk("commands"), Bulk(r.Commands), Bulk("keys"), Bulk(r.Keys), Bulk("channels"), Bulk(r.Channels)}
}

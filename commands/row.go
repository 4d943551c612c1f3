package commands

import "strings"

// Command is a row of the table. The row is the specification: the gate, the
// errors, COMMAND, HELP, the ACL categories and README's table come from it.
type Command struct {
	Name  string // lower case, as it is looked up
	Arity int    // arguments with the name; negative: at least that many
	Key   int    // the position of the resource; 0: there is none
	Usage string // as in README; COMMAND DOCS reads its grammar, see usage.go
	// Summary is one sentence for README and for help.
	Summary string
	// Categories are those of Redis' ACL, lock for the lock commands, and lockadmin
	// for those about the locks of others.
	Categories []string
	Anonymous  bool // allowed before AUTH
	Acquires   bool // refused when the proxy is leaving, held by CLIENT PAUSE
	// Subcommands have rows of their own; the command itself then only runs
	// when its arity allows it to stand alone.
	Subcommands []*Command

	run func(*Table, *Call)

	// The rest is filled in by Prepare.
	full   string // with the command's name: client|list
	subs   map[string]*Command
	counts counts
}

// takes tells whether a command may have n arguments, the name included.
func (r *Command) takes(n int) bool {
	return n == r.Arity || r.Arity < 0 && n >= -r.Arity
}

// group is where COMMAND DOCS lists the command.
func (r *Command) group() string {
	for _, c := range r.Categories {
		switch c {
		case "lock", "connection", "pubsub":
			return c
		case "lockadmin":
			return "lock"
		}
	}
	return "server"
}

// prepare completes a row and those below it. Each subcommand gets a HELP.
func (r *Command) prepare(parent string) {
	r.full = parent + r.Name
	if r.Subcommands == nil {
		return
	}
	r.Subcommands = append(r.Subcommands, helpRow(r))
	r.subs = map[string]*Command{}
	for _, s := range r.Subcommands {
		s.prepare(r.full + "|")
		r.subs[s.Name] = s
	}
}

// each calls f with a row and those below it.
func (r *Command) each(f func(*Command)) {
	f(r)
	for _, s := range r.Subcommands {
		s.each(f)
	}
}

// helpRow makes the HELP of a command from the rows of its subcommands.
func helpRow(r *Command) *Command {
	upper := strings.ToUpper(r.Name)
	return &Command{
		Name: "help", Arity: 2, Usage: upper + " HELP", Categories: r.Categories,
		Summary: "What the subcommands are",
		run: func(_ *Table, c *Call) {
			lines := Array{Simple(upper + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")}
			for _, s := range r.Subcommands {
				lines = append(lines, Simple(strings.TrimPrefix(s.Usage, upper+" ")), Simple("    "+s.Summary+"."))
			}
			c.Reply(lines)
		},
	}
}

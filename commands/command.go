package commands

import "strings"

func commandRows() []*Command {
	slow := []string{"slow", "connection"}
	return []*Command{
		{Name: "count", Arity: 2, Categories: slow,
			run:   func(t *Table, c *Call) { c.Reply(Integer(len(t.rows))) },
			Usage: "COMMAND COUNT", Summary: "How many there are"},
		{Name: "docs", Arity: -2, run: commandDocs, Categories: slow,
			Usage: "COMMAND DOCS [name ...]", Summary: "What they do and take, for hints and help"},
		{Name: "getkeys", Arity: -3, run: commandGetKeys, Categories: slow,
			Usage: "COMMAND GETKEYS command [arg ...]", Summary: "The resource in a command"},
		{Name: "getkeysandflags", Arity: -3, run: commandGetKeysAndFlags, Categories: slow,
			Usage: "COMMAND GETKEYSANDFLAGS command [arg ...]", Summary: "The resource in a command, and how it is used"},
		{Name: "info", Arity: -2, run: commandInfo, Categories: slow,
			Usage: "COMMAND INFO [name ...]", Summary: "Arity, flags and key positions"},
		{Name: "list", Arity: -2, run: commandList, Categories: slow,
			Usage: "COMMAND LIST [FILTERBY MODULE|ACLCAT|PATTERN value]", Summary: "Their names"},
	}
}

// COMMAND
func command(t *Table, c *Call) {
	var all Array
	for _, r := range t.sorted(false) {
		all = append(all, r.info())
	}
	c.Reply(all)
}

// COMMAND INFO [name ...]
func commandInfo(t *Table, c *Call) {
	if len(c.Args) == 2 {
		command(t, c)
		return
	}
	var all Array
	known := map[*Command]Reply{} // the same names again cost little
	for _, name := range c.Args[2:] {
		r := t.named(name)
		if r == nil {
			all = append(all, Null{})
			continue
		}
		if known[r] == nil {
			known[r] = r.info()
		}
		all = append(all, known[r])
	}
	c.Reply(all)
}

// COMMAND DOCS [name ...]
func commandDocs(t *Table, c *Call) {
	all := Map{}
	if len(c.Args) == 2 {
		for _, r := range t.sorted(false) {
			all = append(all, Bulk(r.full), r.docs())
		}
	}
	told := map[*Command]bool{} // once, however often it is asked for
	for _, name := range c.Args[2:] {
		if r := t.named(name); r != nil && !told[r] {
			told[r] = true
			all = append(all, Bulk(r.full), r.docs())
		}
	}
	c.Reply(all)
}

// named finds a command or a subcommand written as client|list.
func (t *Table) named(name []byte) *Command {
	first, second, isSub := strings.Cut(string(name), "|")
	row := find(t.rows, []byte(first))
	if row != nil && isSub {
		return find(row.subs, []byte(second))
	}
	return row
}

// info is what COMMAND INFO tells of a command, in Redis 7's ten fields.
func (r *Command) info() Reply {
	step := 0
	specs := Array{}
	if r.Key > 0 {
		step = 1
		specs = append(specs, r.keySpec())
	}
	categories := make([]string, 0, len(r.Categories))
	for _, c := range r.Categories {
		categories = append(categories, "@"+c)
	}
	subs := Array{}
	for _, s := range r.Subcommands {
		subs = append(subs, s.info())
	}
	return Array{
		Bulk(r.full), Integer(r.Arity), Set(simples(r.flags())),
		Integer(r.Key), Integer(r.Key), Integer(step),
		Set(simples(categories)), Array{}, specs, subs,
	}
}

// flags are those of Redis that say something here.
func (r *Command) flags() []string {
	var all []string
	for _, c := range r.Categories {
		switch c {
		case "write", "admin", "pubsub", "fast":
			all = append(all, c)
		case "read":
			all = append(all, "readonly")
		}
	}
	if r.Anonymous {
		all = append(all, "no_auth")
	}
	return all
}

// keySpec says where the resource stands and that it is changed.
func (r *Command) keySpec() Reply {
	return Map{
		Bulk("flags"), Set(simples([]string{"RW", "access", "update"})),
		Bulk("begin_search"), Map{Bulk("type"), Bulk("index"), Bulk("spec"), Map{Bulk("index"), Integer(r.Key)}},
		Bulk("find_keys"), Map{Bulk("type"), Bulk("range"), Bulk("spec"), Map{
			Bulk("lastkey"), Integer(0), Bulk("keystep"), Integer(1), Bulk("limit"), Integer(0),
		}},
	}
}

// docs is what COMMAND DOCS tells of a command.
func (r *Command) docs() Reply {
	doc := Map{
		Bulk("summary"), Bulk(r.Summary),
		Bulk("since"), Bulk("1.0.0"),
		Bulk("group"), Bulk(r.group()),
	}
	if args := r.arguments(); len(args) > 0 {
		doc = append(doc, Bulk("arguments"), argumentDocs(args))
	}
	if len(r.Subcommands) > 0 {
		subs := Map{}
		for _, s := range r.Subcommands {
			subs = append(subs, Bulk(s.full), s.docs())
		}
		doc = append(doc, Bulk("subcommands"), subs)
	}
	return doc
}

// arguments are none for a command that has its subcommands documented.
func (r *Command) arguments() []argument {
	if len(r.Subcommands) > 0 {
		return nil
	}
	return arguments(r.Usage, 1+strings.Count(r.full, "|"))
}

func argumentDocs(all []argument) Array {
	docs := Array{}
	for _, a := range all {
		doc := Map{Bulk("name"), Bulk(a.name), Bulk("type"), Bulk(a.kind)}
		if a.parts == nil { // what newer clients show for it
			doc = append(doc, Bulk("display_text"), Bulk(a.name))
		}
		if a.kind == "key" {
			doc = append(doc, Bulk("key_spec_index"), Integer(0))
		}
		if a.token != "" {
			doc = append(doc, Bulk("token"), Bulk(a.token))
		}
		var flags []string
		if a.optional {
			flags = append(flags, "optional")
		}
		if a.multiple {
			flags = append(flags, "multiple")
		}
		if flags != nil {
			doc = append(doc, Bulk("flags"), Set(simples(flags)))
		}
		if a.parts != nil {
			doc = append(doc, Bulk("arguments"), argumentDocs(a.parts))
		}
		docs = append(docs, doc)
	}
	return docs
}

package commands

// ECHO message
func echo(_ *Table, c *Call) { c.Reply(Bulk(c.Args[1])) }

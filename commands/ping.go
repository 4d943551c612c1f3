package commands

// PING [message]
func ping(_ *Table, c *Call) {
	switch len(c.Args) {
	case 1:
		c.Reply(Simple("PONG"))
	case 2:
		c.Reply(Bulk(c.Args[1]))
	default:
		c.Reply(wrongNumber("ping"))
	}
}

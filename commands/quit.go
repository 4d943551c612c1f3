package commands

// QUIT
func quit(_ *Table, c *Call) {
	c.Session.Ended = true
	c.Reply(ok)
}

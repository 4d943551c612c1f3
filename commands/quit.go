package commands

// QUIT
func quit(t *Table, c *Call) {
	c.Session.Ended = true
	t.HungUp(c.Session)
	c.Reply(ok)
}

package commands

// RESET
func reset(t *Table, c *Call) {
	c.Session.Name = ""
	c.Session.Proto, c.Proto = 2, 2
	c.Session.Authenticated = t.Password == ""
	c.Reply(Simple("RESET"))
}

package commands

// RESET
func reset(t *Table, c *Call) {
	s := c.Session
	s.setName("")
	s.setProto(2)
	s.silence, s.multi = speaking, 0
	s.dropSubscriptions()
	t.logOut(s)
	c.Proto, c.muted = 2, false
	c.Reply(Simple("RESET"))
}

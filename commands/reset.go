package commands

// RESET
func reset(t *Table, c *Call) {
	s := c.Session
	s.setName("")
	s.setProto(2)
	if s.silence == off {
		c.muted = false // but not by SKIP, as in Redis
	}
	s.silence, s.multi = speaking, 0
	s.dropSubscriptions()
	t.logOut(s)
	c.Proto = 2
	c.Reply(Simple("RESET"))
}

package commands

// TRYLOCK resource ttl [TOKEN token] [FENCE] [AUTOEXTEND [MAXHOLD ms]]
func trylock(t *Table, c *Call) {
	o, refusal := t.lockOptions(c, "trylock", false)
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	t.startLock(c, o)
}

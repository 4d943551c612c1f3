package commands

// TRYLOCK resource ttl [TOKEN token]
func trylock(t *Table, c *Call) {
	r, refusal := t.lockRequest(c, "trylock", []string{"FENCE", "AUTOEXTEND", "MAXHOLD"})
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	t.startLock(c, r)
}

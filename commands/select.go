package commands

// SELECT 0
func selectDB(_ *Table, c *Call) {
	switch n, isInteger := integer(c.Args[1]); {
	case !isInteger:
		c.Reply(errNotInteger)
	case n != 0:
		c.Reply(errDBIndex)
	default:
		c.Reply(ok)
	}
}

package commands

// WAIT numreplicas timeout
func wait(_ *Table, c *Call) {
	timeout, isInteger := integer(c.Args[2])
	switch _, isCount := integer(c.Args[1]); {
	case !isCount:
		c.Reply(errNotInteger)
	case !isInteger:
		c.Reply(errTimeoutNumber)
	case timeout < 0:
		c.Reply(errTimeoutNegative)
	default:
		c.Reply(Integer(0)) // at once: there is nothing to wait for
	}
}

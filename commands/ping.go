package commands

// PING [message]
func ping(_ *Table, c *Call) {
	message := Bulk("")
	switch len(c.Args) {
	case 1:
	case 2:
		message = Bulk(c.Args[1])
	default:
		c.Reply(wrongNumber("ping"))
		return
	}
	switch {
	case c.Session.subscribed() && c.Proto == 2: // an array, as all that comes is
		c.Reply(Array{Bulk("pong"), message})
	case len(c.Args) == 1:
		c.Reply(Simple("PONG"))
	default:
		c.Reply(message)
	}
}

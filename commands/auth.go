package commands

// AUTH [username] password
func auth(t *Table, c *Call) {
	switch {
	case len(c.Args) > 3:
		c.Reply(errSyntax)
	case len(c.Args) == 2 && t.users.Load().Open() != nil:
		c.Reply(errNoPassword)
	case len(c.Args) == 2:
		c.Reply(t.logIn(c, []byte("default"), c.Args[1]))
	default:
		c.Reply(t.logIn(c, c.Args[1], c.Args[2]))
	}
}

// logIn makes the session the user's. A wrong password waits for its answer,
// and nothing more is read from its connection until then.
func (t *Table) logIn(c *Call, name, password []byte) Reply {
	if !t.guesses.take(c.Session.Addr, c.began) {
		return errGuessing
	}
	loads := t.loads.Load() // before the users, so that a load in between is noticed
	user, right := t.users.Load().Authenticate(string(name), password)
	if !right {
		t.stats.deniedAuth.add(1)
		c.hold(t.GuessDelay, nil)
		return errWrongPass
	}
	t.guesses.right(c.Session.Addr)
	c.Session.become(loads, user)
	return ok
}

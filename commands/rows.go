package commands

// rows gives the whole table, made anew: a table counts in its rows.
func rows() []*Command {
	var all []*Command
	all = append(all, lockRows()...)
	all = append(all, lockAdminRows()...)
	all = append(all, connectionRows()...)
	all = append(all, serverRows()...)
	return append(all, pubsubRows()...)
}

func lockRows() []*Command {
	write := []string{"write", "lock", "fast"}
	return []*Command{
		{Name: "lock", Arity: -3, Key: 1, run: lock, Acquires: true, Categories: write,
			Usage:   "LOCK resource ttl [TOKEN token] [BLOCK ms | RETRY count] [FENCE] [AUTOEXTEND [MAXHOLD ms]]",
			Summary: "Lock the resource for ttl ms: an array of token and validity in ms, or null when another holds it; waits for it only when asked to"},
		{Name: "trylock", Arity: -3, Key: 1, run: trylock, Acquires: true, Categories: write,
			Usage:   "TRYLOCK resource ttl [TOKEN token] [FENCE] [AUTOEXTEND [MAXHOLD ms]]",
			Summary: "LOCK that never waits"},
		{Name: "extend", Arity: 4, Key: 1, run: extend, Categories: write,
			Usage:   "EXTEND resource token ttl",
			Summary: "Let the lock last at least ttl ms from now: the validity in ms, or 0 when this token does not hold it. The answer is of the ttl asked for, also when the lock lasts longer"},
		{Name: "unlock", Arity: 3, Key: 1, run: unlock, Categories: write,
			Usage:   "UNLOCK resource token",
			Summary: "Release the lock: 1, or 0 when this token does not hold it"},
	}
}

// lockAdminRows are for those who look after the locks of others.
func lockAdminRows() []*Command {
	read := []string{"read", "slow", "dangerous", "lockadmin"}
	return []*Command{
		{Name: "lockinfo", Arity: 2, Key: 1, run: lockInfo, Categories: read,
			Usage:   "LOCKINFO resource",
			Summary: "What each node has for the resource, for how long, and who holds it through this proxy; never the token"},
		{Name: "forceunlock", Arity: 2, Key: 1, run: forceUnlock, Categories: []string{"write", "admin", "slow", "dangerous", "lockadmin"},
			Usage:   "FORCEUNLOCK resource",
			Summary: "Release the lock without its token: 1, or 0 when nothing was there. Its holder may still be at work"},
		{Name: "locks", Arity: -1, run: locks, Categories: read,
			Usage:   "LOCKS [CURSOR cursor] [MATCH pattern] [COUNT count]",
			Summary: "A page of the locks that are held: the next cursor (0 is the end), the locks with ms left and votes, and the nodes that could not be searched"},
	}
}

func connectionRows() []*Command {
	fast := []string{"fast", "connection"}
	return []*Command{
		{Name: "auth", Arity: -2, run: auth, Anonymous: true, Categories: fast,
			Usage:   "AUTH [username] password",
			Summary: "Log in"},
		{Name: "client", Arity: -2, Categories: []string{"slow", "connection"}, Subcommands: clientRows(),
			Usage:   "CLIENT subcommand [arg ...]",
			Summary: "This connection and the others"},
		{Name: "echo", Arity: 2, run: echo, Categories: fast,
			Usage:   "ECHO message",
			Summary: "The message back"},
		{Name: "hello", Arity: -1, run: hello, Anonymous: true, Categories: fast,
			Usage:   "HELLO [2|3 [AUTH username password] [SETNAME clientname]]",
			Summary: "Choose the protocol and log in"},
		{Name: "ping", Arity: -1, run: ping, Categories: fast,
			Usage:   "PING [message]",
			Summary: "PONG, or the message back"},
		{Name: "quit", Arity: -1, run: quit, Anonymous: true, Categories: fast,
			Usage:   "QUIT",
			Summary: "Close the connection when all replies are sent"},
		{Name: "reset", Arity: 1, run: reset, Anonymous: true, Categories: fast,
			Usage:   "RESET",
			Summary: "Make the connection as new: RESP2, no name, logged out"},
		{Name: "select", Arity: 2, run: selectDB, Categories: fast,
			Usage:   "SELECT index",
			Summary: "Accepted for 0, the only database"},
	}
}

func serverRows() []*Command {
	slow := []string{"slow"}
	admin := []string{"admin", "slow", "dangerous"}
	return []*Command{
		{Name: "acl", Arity: -2, Categories: slow, Subcommands: aclRows(),
			Usage: "ACL subcommand [arg ...]", Summary: "The users and what they may do"},
		{Name: "asking", Arity: 1, Categories: []string{"fast", "connection"}, run: answer(errNoCluster),
			Usage: "ASKING", Summary: "Refused: this is not a cluster"},
		{Name: "cluster", Arity: -2, Categories: slow, Subcommands: clusterRows(),
			Usage: "CLUSTER subcommand [arg ...]", Summary: "Refused: this is not a cluster"},
		{Name: "command", Arity: -1, run: command, Categories: []string{"slow", "connection"}, Subcommands: commandRows(),
			Usage: "COMMAND [subcommand [arg ...]]", Summary: "The commands there are"},
		{Name: "config", Arity: -2, Categories: admin, Subcommands: configRows(),
			Usage: "CONFIG subcommand [arg ...]", Summary: "The settings; they are changed by flags"},
		{Name: "dbsize", Arity: 1, Categories: []string{"read", "fast"}, run: answer(Integer(0)),
			Usage: "DBSIZE", Summary: "0: no data is kept here"},
		{Name: "info", Arity: -1, run: info, Categories: []string{"slow", "dangerous"},
			Usage: "INFO [section ...]", Summary: "The state of the proxy and its nodes, as text"},
		{Name: "latency", Arity: -2, Categories: admin, Subcommands: latencyRows(),
			Usage: "LATENCY subcommand [arg ...]", Summary: "Empty: no latency events are kept"},
		{Name: "memory", Arity: -2, Categories: slow, Subcommands: memoryRows(),
			Usage: "MEMORY subcommand [arg ...]", Summary: "Memory of keys, of which there are none"},
		{Name: "readonly", Arity: 1, Categories: []string{"fast", "connection"}, run: answer(errNoCluster),
			Usage: "READONLY", Summary: "Refused: this is not a cluster"},
		{Name: "readwrite", Arity: 1, Categories: []string{"fast", "connection"}, run: answer(errNoCluster),
			Usage: "READWRITE", Summary: "Refused: this is not a cluster"},
		{Name: "role", Arity: 1, Categories: []string{"admin", "fast", "dangerous"}, run: answer(Array{Bulk("master"), Integer(0), Array{}}),
			Usage: "ROLE", Summary: "master, without replicas"},
		{Name: "slowlog", Arity: -2, Categories: admin, Subcommands: slowlogRows(),
			Usage: "SLOWLOG subcommand [arg ...]", Summary: "The commands that took longest of late"},
		{Name: "time", Arity: 1, run: serverTime, Categories: []string{"fast"},
			Usage: "TIME", Summary: "The proxy's clock: seconds and microseconds"},
		{Name: "wait", Arity: 3, run: wait, Categories: []string{"slow", "connection"},
			Usage: "WAIT numreplicas timeout", Summary: "0: there are no replicas"},
	}
}

// answer makes a command that always says the same.
func answer(r Reply) func(*Table, *Call) {
	return func(_ *Table, c *Call) { c.Reply(r) }
}
